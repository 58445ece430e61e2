. /work/env.sh
cd /work/snap && PYTHONPATH=/work/snap OMP_NUM_THREADS=1 nice -n 1 python -m bridge bench flat --minutes 600 --json /work/b_flat.json > /work/b_flat.md 2>&1
