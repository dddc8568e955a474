# nvcc from the nvidia-cuda-nvcc wheels, if they are installed beside the build (CUDACXX wins).
# pip puts wheels that the build backend asked for into another folder than static requirements, so
# every entry of sys.path is searched; the wheels have lib/ where nvcc looks for lib64/.
if(NOT DEFINED ENV{CUDACXX})
  find_package(Python COMPONENTS Interpreter)
  if(Python_FOUND)
    execute_process(
      COMMAND "${Python_EXECUTABLE}" -c
              "import sys, pathlib
for entry in sys.path:
    root = pathlib.Path(entry) / 'nvidia' / 'cu13'
    if (root / 'bin' / 'nvcc').is_file():
        print(root, end='')
        break"
      OUTPUT_VARIABLE dlsn_nvcc_root)
    if(dlsn_nvcc_root)
      set(ENV{CUDACXX} "${dlsn_nvcc_root}/bin/nvcc")
      set(ENV{CUDAFLAGS} "$ENV{CUDAFLAGS} -L${dlsn_nvcc_root}/lib")
      message(STATUS "nvcc from wheels: ${dlsn_nvcc_root}")
    endif()
  endif()
endif()
