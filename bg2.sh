. /work/env.sh
export NUMBA_CACHE_DIR=/work/nbcache
python /work/e1.py > /work/e1.log 2>&1
sed -i 's/workers=2/workers=1/' /work/e2.py
python /work/e2.py > /work/e2.log 2>&1
