"""Golden kinds of LDL; training steps run the real parts and method of an experiment."""

import attrs
import torch
from srplug_ldl.losses import LDLLoss, artifact_map, image_weight, residual
from srplug_ldl.variance import local_variance

from srcore.contracts import LossContext
from srcore.testing.golden import golden_kind


@golden_kind("artifact_map")
def artifact_maps(case):
    hyper, settings = case.hyper, map_settings(case.hyper)
    gt, ema = case.tensor("in_gt"), case.tensor("in_ema")
    errors, ema_errors = residual(case.tensor("in_sr"), gt), residual(ema, gt)
    found = artifact_map(errors, ema_errors, **settings)
    outputs = {
        "out_residual_sr": errors,
        "out_residual_ema": ema_errors,
        "out_patch_weight": image_weight(errors, settings["exponent"]),
        "out_local_variance": local_variance(errors, settings["window_size"]),
        "out_keep_mask": (errors >= ema_errors).long(),
        "out_map": found,
    }
    for detach_map, name in ((True, "out_grad_sr_map_detached"), (False, "out_grad_sr")):
        sr = case.tensor("in_sr", requires_grad=True)
        context = LossContext(batch={"hr": gt}, sr=sr, iteration=1, ema_sr=ema)
        loss = hyper["loss_weight"] * LDLLoss(detach_map=detach_map, **settings)(context)
        loss.backward()
        outputs |= {"out_loss": loss, name: sr.grad}
    return outputs


def map_settings(hyper):
    return {"window_size": hyper["ksize"], "exponent": hyper.get("stabiliser_exponent", 0.2)}
