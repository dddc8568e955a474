# Builds the CUDA library in a folder of its own: cmake -DSOURCE= -DBUILD= -DWANTED=AUTO|ON
# [-DARCHS=] -DGENERATOR= [-DMAKE_PROGRAM=] -P BuildCuda.cmake
# What is to be installed is in ${BUILD}/result then: the library or, under AUTO, why there is none.
include("${CMAKE_CURRENT_LIST_DIR}/FindNvcc.cmake")

file(REMOVE_RECURSE "${BUILD}/result")
file(MAKE_DIRECTORY "${BUILD}/result")
set(options -G "${GENERATOR}")
if(MAKE_PROGRAM)
  list(APPEND options "-DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM}")
endif()
if(ARCHS)
  list(JOIN ARCHS "\\;" escaped)
  list(APPEND options "-DCMAKE_CUDA_ARCHITECTURES=${escaped}")
endif()

function(attempt what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(status EQUAL 0)
    return()
  endif()
  if(WANTED STREQUAL "ON")
    message(FATAL_ERROR "${output}\nDLSN_CUDA=ON, but ${what}")
  endif()
  file(WRITE "${BUILD}/result/cuda_build.txt" "${what}\n\n${output}")
  message(STATUS "${what}: building the CPU library only")
  set(failed TRUE PARENT_SCOPE)
endfunction()

find_program(nvcc NAMES nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda/bin PATH_SUFFIXES bin)
if(NOT DEFINED ENV{CUDACXX} AND NOT nvcc)
  attempt("no CUDA compiler was found: put nvcc on PATH, set CUDACXX, or set SRPLUG_DLSN_NVCC_WHEELS=1"
          "${CMAKE_COMMAND}" -E false)
  return()
endif()
if(NOT DEFINED ENV{CUDACXX})
  set(ENV{CUDACXX} "${nvcc}")
endif()
attempt("the CUDA compiler $ENV{CUDACXX} does not work" "${CMAKE_COMMAND}" -S "${SOURCE}" -B
        "${BUILD}/build" ${options})
if(NOT failed)
  attempt("the CUDA kernels could not be compiled by $ENV{CUDACXX}" "${CMAKE_COMMAND}" --build
          "${BUILD}/build" --config Release)
endif()
if(NOT failed)
  file(GLOB libraries "${BUILD}/build/_libdlsn_cuda.*" "${BUILD}/build/Release/_libdlsn_cuda.*")
  file(COPY ${libraries} DESTINATION "${BUILD}/result")
endif()
