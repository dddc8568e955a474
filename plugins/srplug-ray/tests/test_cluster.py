import pytest
from srplug_ray.cluster import ClusterError, Share, share
from srplug_ray.options import ClusterOptions

MACHINE = {"CPU": 8.0, "memory": 1e9}
WITH_GPUS = {"CPU": 16.0, "GPU": 4.0}


@pytest.mark.parametrize(
    ("machines", "asked", "given"),
    [
        ([MACHINE], {}, Share(8, 1, 0)),
        ([MACHINE], {"workers": 3}, Share(3, 2, 0)),
        ([MACHINE], {"workers": 16}, Share(16, 0.5, 0)),
        ([MACHINE, MACHINE], {"workers": 3}, Share(3, 4, 0)),  # two here, one there
        ([WITH_GPUS], {}, Share(4, 4, 1)),
        ([WITH_GPUS, MACHINE], {"gpus_per_worker": 0.5}, Share(8, 2, 0.5)),
        ([WITH_GPUS], {"gpus_per_worker": 0, "workers": 2}, Share(2, 8, 0)),
        ([{"memory": 1e9}], {"workers": 2}, Share(2, 1, 0)),  # more machines will come
    ],
)
def test_workers_share_what_there_is(machines, asked, given):
    assert share(machines, ClusterOptions(**asked)) == given


@pytest.mark.parametrize("asked", [{"gpus_per_worker": 1}, {}])
def test_a_cluster_without_room_is_refused(asked):
    machines = [MACHINE] if asked else [{}]
    with pytest.raises(ClusterError, match=r"no (GPU|core) for a worker; --workers says"):
        share(machines, ClusterOptions(**asked))
