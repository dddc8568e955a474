import torch
from srplug_dlsn.ops.layout import laid_out


def test_features_of_the_cpu_lie_by_rows_of_channels():
    features = torch.rand(2, 5, 4, 3)
    result = laid_out(features)
    assert torch.equal(result, features)
    assert result.is_contiguous(memory_format=torch.channels_last)
    assert laid_out(result) is result


def test_those_of_other_devices_stay_as_they_are():
    features = torch.empty(2, 5, 4, 3, device="meta")
    assert laid_out(features) is features
