#!/bin/sh
# Runs `churn` for dvc.yaml, so that `.venv/bin/dvc repro` works with no environment activated.
# dvc.yaml starts this file with `exec`, which makes dvc itself the parent process.
if [ -r "/proc/$PPID/cmdline" ]; then
  python=$(tr '\0' '\n' <"/proc/$PPID/cmdline" | head -n 1)
else
  python=$(ps -o args= -p "$PPID" | cut -d ' ' -f 1)
fi
case $python in
  */*) beside_dvc=$(dirname "$python") ;;
  *) beside_dvc="" ;; # started by its bare name, so it is on PATH
esac
# First the environment that dvc runs in, then the one of this folder, then the activated one.
for bin in "$beside_dvc" .venv/bin; do
  if [ -n "$bin" ] && [ -x "$bin/churn" ]; then
    PATH=$(cd "$bin" && pwd):$PATH
    break
  fi
done
export PATH
if ! command -v churn >/dev/null; then
  echo "churn.sh: the command churn is not installed beside dvc, in .venv/bin or on PATH; run: pip install churn-pipeline" >&2
  exit 127
fi
# In a checkout of churn-pipeline its own code runs, edits included. Everywhere else a folder that happens to be called
# `pipeline` must not stand in for the installed package.
if grep -qs '^name = "churn-pipeline"' pyproject.toml; then
  exec python -m pipeline.cli "$@"
fi
exec churn "$@"
