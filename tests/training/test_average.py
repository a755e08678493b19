import torch
from torch import nn

from nasbench_mobile.training.average import averaged, decay_after


def test_average_follows_tensorflows_formula_statistics_too() -> None:
    module = nn.BatchNorm1d(1)
    assert module.running_mean is not None
    assert module.num_batches_tracked is not None
    average = averaged(module, 0.5)
    expected = {"weight": 1.0, "running_mean": 0.0}
    for step, value in enumerate([2.0, -1.0, 5.0, 5.0, 1.0, 0.0, 3.0, 3.0, 4.0], start=1):
        decay = min(0.5, (1 + step) / (10 + step))
        with torch.no_grad():
            module.weight.fill_(value)
            module.running_mean.fill_(2 * value)
            module.num_batches_tracked.add_(1)
        average.update_parameters(module)
        expected["weight"] = decay * expected["weight"] + (1 - decay) * value
        expected["running_mean"] = decay * expected["running_mean"] + (1 - decay) * 2 * value
    state = average.module.state_dict()
    for name, value in expected.items():
        torch.testing.assert_close(state[name], torch.tensor([value]))
    assert state["num_batches_tracked"] == 9


def test_decay_grows_to_its_value() -> None:
    assert decay_after(0, 0.9999) == 0.1
    assert decay_after(90, 0.9999) == 0.91
    assert decay_after(10**6, 0.9999) == 0.9999
