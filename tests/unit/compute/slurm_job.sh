#!/usr/bin/env bash

#SBATCH -J cetransfer
#SBATCH -p long
#SBATCH -A materials
#SBATCH -n 1
#SBATCH --cpus-per-task=8
#SBATCH --mem=15G
#SBATCH -t 12:00:00
#SBATCH --exclusive
module load gcc
PYTHON -m distributed.cli.dask_worker tcp://ADDRESS --name dummy-name --nthreads 1 --memory-limit 1.86GiB --nworkers 8 --nanny --death-timeout 60 --interface lo
