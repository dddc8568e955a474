#!/bin/bash
# Train on two nodes with four GPUs each: sbatch srcore_slurm.sh experiment.toml
#SBATCH --job-name=srcore
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1          # one torchrun per node, which starts the processes
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --signal=B:USR1@300          # five minutes before the end, to this script
#SBATCH --requeue                    # after the failure of a node, too
#SBATCH --open-mode=append

head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
port=$((20000 + SLURM_JOB_ID % 10000))
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-4}
export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1  # whichever node is replaced, the others meet it

srun --kill-on-bad-exit=1 torchrun \
    --nnodes="$SLURM_NNODES" --nproc-per-node="${SLURM_GPUS_ON_NODE:-1}" --max-restarts=3 \
    --rdzv-id="$SLURM_JOB_ID" --rdzv-backend=c10d --rdzv-endpoint="$head:$port" \
    -m srcore run "$@" --resume --quiet &
step=$!

# Before the time is up: save, stop, and wait in the queue again.
time_is_up=false
trap 'time_is_up=true; kill -TERM "$step"' USR1
wait "$step"
code=$?
while kill -0 "$step" 2>/dev/null; do  # the signal has ended the wait
    wait "$step"
    code=$?
done
if $time_is_up && [ "$code" -ne 0 ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
