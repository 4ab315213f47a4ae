#!/usr/bin/env bash
# Trains the policies that come with Headway, from nothing to files and cards:
#
#   scripts/policies.sh [SEED] [NAME...]     seed 1 is shipped; others go to build/policies only
#
# Needs recorded matrices in $HEADWAY_DATA/te (docs/training.md tells their form); the last 40% of each
# recording is never learned from. About 10 minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."

seed=${1:-1}
shift || true
names=${*:-abilene pod-b default}
te=${HEADWAY_DATA:-../shared/data}/te
headway=${HEADWAY:-.venv/bin/headway}
export OMP_NUM_THREADS=1

train() {
    local name=$1 folder=build/policies/$1-$seed
    shift
    rm -rf "$folder"
    mkdir -p build/policies
    "$headway" train "$@" --holdout 0.4 --steps 6000 --seed "$seed" --output "$folder"
    [ "$seed" = 1 ] || return 0
    mkdir -p controller/advice/shipped
    for form in npz onnx md; do cp "$folder/policy.$form" "controller/advice/shipped/$name.$form"; done
}

for name in $names; do
    case $name in
        abilene) train abilene --matrices "$te/abilene-train.npz" ;;
        pod-b) train pod-b --matrices "$te/pod_b-train.npz" --paths "$te/pod_b-paths.json" ;;
        default)
            train default --matrices "$te/abilene-train.npz" \
                --also "$te/pod_b-train.npz:$te/pod_b-paths.json" fattree,k=4 ring,n=8 \
                leafspine,spines=4,leaves=6,hosts=2 edgecloud \
                --hyperparameters rl_agent/training/hyperparameters/many.yml \
                --env-kwargs failure_rate=0.002 ;;
        *) echo "policies: no policy is called $name: abilene, pod-b or default" >&2; exit 2 ;;
    esac
done
