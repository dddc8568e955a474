import torch

from srcore.networks.window_attention import (
    WindowAttention,
    from_windows,
    relative_position_index,
    shift_mask,
    to_windows,
)


def test_windows_are_cut_row_by_row():
    image = torch.arange(4 * 6).reshape(1, 4, 6, 1)
    windows = to_windows(image, 2)
    assert windows.shape == (1, 6, 4, 1)
    assert windows[0, 1, :, 0].tolist() == [2, 3, 8, 9]
    assert windows[0, 3, :, 0].tolist() == [12, 13, 18, 19]


def test_windows_are_put_back_where_they_were():
    image = torch.rand(2, 6, 9, 5)
    torch.testing.assert_close(from_windows(to_windows(image, 3), 3, 6, 9), image, rtol=0, atol=0)


def test_relative_position_is_query_minus_key():
    window, index = 3, relative_position_index(3)
    for query in range(9):
        for key in range(9):
            dy, dx = query // 3 - key // 3, query % 3 - key % 3
            row = (dy + window - 1) * (2 * window - 1) + dx + window - 1
            assert index[query, key] == row


def test_mask_separates_pixels_that_were_apart_before_the_shift():
    height, width, window, shift = 8, 12, 4, 2
    mask = shift_mask(height, width, window, shift)
    rows = torch.arange(height)[:, None].expand(height, width)
    columns = torch.arange(width).expand(height, width)
    places = torch.stack((rows, columns), -1).roll((-shift, -shift), (0, 1))[None]
    places = to_windows(places, window)[0]  # [windows, 16, (row, column) before the shift]
    for number, window_places in enumerate(places):
        for a, (row_a, column_a) in enumerate(window_places.tolist()):
            for b, (row_b, column_b) in enumerate(window_places.tolist()):
                neighbors = abs(row_a - row_b) < window and abs(column_a - column_b) < window
                assert float(mask[number, a, b]) == (0.0 if neighbors else -100.0)


def reference(layer, windows, mask=None):
    """One query at a time."""
    w = layer.state_dict()
    heads, result = layer.num_heads, torch.zeros_like(windows)
    dim = windows.shape[-1] // heads
    for image in range(windows.shape[0]):
        for number in range(windows.shape[1]):
            pixels = windows[image, number]
            q, k, v = (pixels @ w["qkv.weight"].T + w["qkv.bias"]).chunk(3, -1)
            for head in range(heads):
                part = slice(head * dim, (head + 1) * dim)
                for query in range(len(pixels)):
                    scores = k[:, part] @ q[query, part] / dim**0.5
                    rows = w["relative_position_index"][query]
                    scores = scores + w["relative_position_bias_table"][rows, head]
                    if mask is not None:
                        scores = scores + mask[number, query]
                    result[image, number, query, part] = scores.softmax(0) @ v[:, part]
    return result @ w["proj.weight"].T + w["proj.bias"]


def test_values_equal_one_query_at_a_time_with_and_without_mask():
    torch.manual_seed(0)
    layer = WindowAttention(6, 2, 3).double()
    with torch.no_grad():
        layer.relative_position_bias_table.normal_()
        windows = torch.randn(2, 6, 4, 6, dtype=torch.float64)
        mask = shift_mask(4, 6, 2, 1)
        torch.testing.assert_close(layer(windows), reference(layer, windows))
        torch.testing.assert_close(layer(windows, mask), reference(layer, windows, mask))
