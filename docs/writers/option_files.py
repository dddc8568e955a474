"""Keys of option files of BasicSR and its descendants, and srcore's in their place."""

from __future__ import annotations

import attrs

from srcore.config import schema
from srcore.options.describing import describe
from srcore.plugin.registry import Registry

#: Tables by the first words of a place.
TABLES: dict[str, type] = {
    "": schema.Experiment,
    "generator": schema.GeneratorTable,
    "discriminator": schema.DiscriminatorTable,
    "losses": schema.LossTable,
    "optimizer": schema.OptimizerTable,
    "data.train": schema.TrainDataTable,
    "data.validation": schema.ValidationDataTable,
    "metrics": schema.MetricTable,
    "handlers": schema.HandlerTable,
    "train": schema.TrainTable,
}
#: Where parts of a kind stand in an experiment.
PLACES = {
    "network": "[generator]",
    "discriminator": "[discriminator]",
    "loss": "[[losses]]",
    "transform": "[[data.train.transforms]]",
    "dataset": "[data.train]",
    "method": "[method]",
    "optimizer": "[optimizer.NETWORK]",
    "schedule": "[schedule.NETWORK]",
    "metric": "[[metrics]]",
}
_SHOWN = {
    "losses": "[[losses]]",
    "metrics": "[[metrics]]",
    "handlers": "[[handlers]]",
    "optimizer": "[optimizer.NETWORK]",
    "data.validation": "[data.validation.NAME]",
}


@attrs.frozen
class Row:
    """A key of theirs.

    Attributes:
        theirs: the key, dotted.
        ours: places of ours: ``table/key``, or ``kind:name/key`` of a component; without a key it
            is the table or the component itself.
        note: what differs, or why there is none.
    """

    theirs: str
    ours: tuple[str, ...] = ()
    note: str = ""


def exists(place: str, registry: Registry) -> bool:
    """Whether a place of ours is there."""
    where, _, key = place.partition("/")
    kind, colon, name = where.partition(":")
    if not colon:
        keys = {field.alias for field in attrs.fields(TABLES[where])} if where in TABLES else set()
        return where in TABLES and (not key or key in keys)
    names = {component.name for component in registry.components(kind)}
    if name not in names:
        return False
    keys = {entry[0] for entry in describe(registry.get(kind, name).options)}
    return not key or key in keys


def shown(place: str) -> str:
    """A place as an experiment file has it."""
    where, _, key = place.partition("/")
    kind, colon, name = where.partition(":")
    if not colon:
        table = _SHOWN.get(where, f"[{where}]") if where else "at the top"
        text = f"`{table}`" if where else table
        return f"{text} `{key}`" if key else text
    text = f'`{PLACES[kind]}` `type = "{name}"`'
    return f"{text}, `{key}`" if key else text


def option_files_page() -> str:
    """The page."""
    lines = [
        "# Moving over from BasicSR and its descendants",
        "",
        "Keys of their option files, written down from general knowledge of them, and where the "
        "same is said in an experiment of srcore. A test checks that everything on the right "
        "exists. Keys that only one descendant has carry its name.",
    ]
    for title, rows in SECTIONS.items():
        lines += ["", f"## {title}", "", "| their key | srcore | |", "|---|---|---|"]
        for row in rows:
            ours = "; ".join(map(shown, row.ours)) or "none"
            lines.append(f"| `{row.theirs}` | {ours} | {row.note} |")
    return "\n".join(lines) + "\n"


_FIRST, _SECOND = (
    "transform:second_order_degradation/first",
    "transform:second_order_degradation/second",
)
_DEGRADE = "transform:second_order_degradation"

SECTIONS: dict[str, tuple[Row, ...]] = {
    "The file": (
        Row("name", ("/name",)),
        Row("model_type: SRModel", ("method:supervised",)),
        Row("model_type: ESRGANModel", ("method:gan", "loss:adversarial/relativistic")),
        Row("model_type: SRGANModel", ("method:gan", "loss:adversarial")),
        Row(
            "model_type: RealESRNetModel, RealESRGANModel",
            (_DEGRADE, "transform:pair_pool"),
            "a method with transforms of the batch",
        ),
        Row("model_type: SwinIRModel", ("method:supervised",), "networks pad by themselves"),
        Row("scale", ("/scale",)),
        Row("manual_seed", ("/seed",)),
        Row("num_gpu", (), "`torchrun --nproc-per-node N -m srcore run`"),
        Row("dist_params", (), "as torchrun sets it"),
    ),
    "Networks": (
        Row("network_g.type: RRDBNet", ("network:rrdbnet",)),
        Row("network_g.type: MSRResNet", ("network:msrresnet",)),
        Row("network_g.type: EDSR", ("network:edsr",)),
        Row("network_g.type: SwinIR", ("network:swinir",)),
        Row("network_g.type: SRVGGNetCompact, compact", ("network:compact",)),
        Row("network_g.type: HAT, hat_m", ("network:spandrel_hat",)),
        Row("network_g.type: dat_2", ("network:spandrel_dat",)),
        Row("network_g.type: span", ("network:spandrel_span",)),
        Row("network_g.type: realplksr", ("network:spandrel_realplksr",)),
        Row("network_g.type: omnisr", ("network:spandrel_omnisr",)),
        Row("network_g.num_in_ch, num_out_ch", ("network:rrdbnet/channels",), "one key for both"),
        Row("network_g.num_feat", ("network:rrdbnet/num_features", "network:compact/num_features")),
        Row("network_g.num_block", ("network:rrdbnet/num_blocks",)),
        Row("network_g.num_grow_ch", ("network:rrdbnet/growth_channels",)),
        Row("network_g.num_conv", ("network:compact/num_convs",)),
        Row("network_g.act_type", ("network:compact/activation",)),
        Row("network_g.upscale", ("/scale",)),
        Row("network_g.use_checkpoint", ("generator/checkpointing",)),
        Row("network_d.type: UNetDiscriminatorSN, unet", ("discriminator:unet",)),
        Row("network_d.type: VGGStyleDiscriminator", ("discriminator:vgg",)),
        Row("network_d.type: patchgan", ("discriminator:patch",)),
        Row("network_d.num_feat", ("discriminator:unet/num_features",)),
        Row("network_d.skip_connection", ("discriminator:unet/skip_connection",)),
        Row("network_d.input_size", ("discriminator:vgg/input_size",)),
    ),
    "Weights and resuming": (
        Row("path.pretrain_network_g", ("generator/weights",)),
        Row("path.strict_load_g: false", ("generator/partial_weights",)),
        Row("path.param_key_g", (), "EMA weights come first; `srcore convert --key` takes others"),
        Row("path.pretrain_network_d", ("discriminator/weights",)),
        Row("path.resume_state, auto_resume", (), "`srcore run --resume`"),
        Row("path.experiments_root", (), "`srcore run --output`"),
    ),
    "Images": (
        Row("datasets.train.type: PairedImageDataset", ("dataset:paired_folder",)),
        Row("datasets.train.type: RealESRGANDataset", ("dataset:hr_folder", _DEGRADE)),
        Row("datasets.train.type: otf (traiNNer, neosr)", ("dataset:hr_folder", _DEGRADE)),
        Row("datasets.train.dataroot_gt", ("dataset:paired_folder/hr", "dataset:hr_folder/hr")),
        Row("datasets.train.dataroot_lq", ("dataset:paired_folder/lr",)),
        Row("datasets.train.meta_info", ("dataset:paired_folder/meta_info",)),
        Row("datasets.train.filename_tmpl", ("dataset:paired_folder/lr_name",)),
        Row("datasets.train.io_backend: lmdb", ("dataset:lmdb",)),
        Row("datasets.train.gt_size", ("dataset:paired_folder/hr_patch_size",)),
        Row(
            "datasets.train.lq_size (traiNNer)",
            ("dataset:paired_folder/hr_patch_size",),
            "times the scale",
        ),
        Row("datasets.train.use_hflip", ("dataset:paired_folder/flip",)),
        Row("datasets.train.use_rot", ("dataset:paired_folder/rotate",)),
        Row("datasets.train.color: y", ("dataset:paired_folder/channels",), "1, gray"),
        Row("datasets.train.num_worker_per_gpu", ("data.train/workers",)),
        Row("datasets.train.batch_size_per_gpu", ("train/batch_size",)),
        Row("datasets.train.batch_size (neosr)", ("train/batch_size",)),
        Row(
            "datasets.train.accumulate (neosr), accum_iter (traiNNer)",
            ("train/accumulate",),
            "divides batch_size instead of multiplying it",
        ),
        Row("datasets.train.dataset_enlarge_ratio", (), "epochs have no meaning here"),
        Row(
            "datasets.train.use_shuffle", ("data.train/sampler",), "shuffled unless told otherwise"
        ),
        Row("datasets.train.prefetch_mode", (), "always ahead"),
        Row("datasets.train.mean, std", (), "images are in [0, 1]"),
        Row("datasets.val.NAME", ("data.validation",)),
    ),
    "Degradation of Real-ESRGAN": (
        Row(
            "gt_usm, l1_gt_usm, percep_gt_usm, gan_gt_usm",
            ("loss:l1/target", "loss:perceptual/target", "loss:adversarial/real"),
            "which image a term compares with",
        ),
        Row("gt_size after the degradation", (f"{_DEGRADE}/hr_crop",)),
        Row("queue_size", ("transform:pair_pool/size",)),
        Row("blur_kernel_size", (f"{_FIRST}.kernel.sizes", f"{_SECOND}.kernel.sizes")),
        Row(
            "kernel_list, kernel_prob",
            (
                f"{_FIRST}.kernel.iso",
                f"{_FIRST}.kernel.aniso",
                f"{_FIRST}.kernel.generalized_iso",
                f"{_FIRST}.kernel.plateau_iso",
            ),
            "a probability each",
        ),
        Row("sinc_prob", (f"{_FIRST}.kernel.sinc_probability",)),
        Row("blur_sigma", (f"{_FIRST}.kernel.sigma",)),
        Row(
            "betag_range, betap_range",
            (f"{_FIRST}.kernel.generalized_beta", f"{_FIRST}.kernel.plateau_beta"),
        ),
        Row("second_blur_prob", (f"{_SECOND}.blur_probability",)),
        Row(
            "resize_prob, resize_prob2",
            (f"{_FIRST}.resize_probabilities", f"{_SECOND}.resize_probabilities"),
        ),
        Row("resize_range", (f"{_FIRST}.resize_down", f"{_FIRST}.resize_up")),
        Row("gaussian_noise_prob", (f"{_FIRST}.gaussian_probability",)),
        Row("noise_range", (f"{_FIRST}.gaussian_sigma",)),
        Row("poisson_scale_range", (f"{_FIRST}.poisson_scale",)),
        Row("gray_noise_prob", (f"{_FIRST}.gray_probability",)),
        Row("jpeg_range", (f"{_FIRST}.jpeg_quality",)),
        Row("jpeg_range2", (f"{_SECOND}.jpeg_quality",)),
        Row("final_sinc_prob", (f"{_DEGRADE}/sinc_probability",)),
    ),
    "Training": (
        Row("train.total_iter", ("train/iterations",)),
        Row("train.warmup_iter", ("schedule:multistep/warmup_iterations",)),
        Row(
            "train.ema_decay, ema",
            ("train/ema_decay", "train/ema_warmup"),
            "`ema_warmup = false` for theirs",
        ),
        Row("train.optim_g.type: Adam, AdamW", ("optimizer:adam", "optimizer:adamw")),
        Row("train.optim_g.lr", ("optimizer:adam/learning_rate",)),
        Row("train.optim_g.betas", ("optimizer:adam/betas",)),
        Row("train.optim_g.weight_decay", ("optimizer:adam/weight_decay",)),
        Row("train.optim_d", ("optimizer",), "`[optimizer.discriminator]`"),
        Row("train.optim_g.type: adan (traiNNer, neosr)", ("optimizer:adan",)),
        Row("train.optim_g.type: soap (neosr)", ("optimizer:soap",)),
        Row(
            "train.optim_g.type: AdamWScheduleFree, adamw_sf (traiNNer, neosr)",
            ("optimizer:schedule_free_adamw",),
        ),
        Row("train.optim_g.type: adan_sf (traiNNer, neosr)", (), "a plugin's optimizer"),
        Row("layers that are not trained", ("generator/frozen",), "patterns of names"),
        Row("train.grad_clip (traiNNer, neosr)", ("optimizer/clip_gradient_norm",)),
        Row("train.scheduler.type: MultiStepLR", ("schedule:multistep",)),
        Row("train.scheduler.milestones", ("schedule:multistep/milestones",)),
        Row("train.scheduler.gamma", ("schedule:multistep/gamma",)),
        Row("train.scheduler.type: CosineAnnealingRestartLR", ("schedule:cosine",)),
        Row("train.scheduler.periods", ("schedule:cosine/periods",)),
        Row("train.scheduler.restart_weights", ("schedule:cosine/restart_weights",)),
        Row("train.scheduler.eta_min", ("schedule:cosine/eta_min",)),
        Row("train.scheduler.type: LinearLR (BasicSR)", ("schedule:polynomial",)),
        Row("train.net_d_iters", ("method:gan/generator_every",)),
        Row("train.net_d_init_iters", ("method:gan/generator_start",)),
        Row("use_amp, amp_bf16 (traiNNer, neosr)", ("train/precision",)),
        Row("use_channels_last (traiNNer)", ("train/channels_last",)),
        Row("compile (traiNNer, neosr)", ("train/compile",)),
        Row("deterministic (neosr)", ("train/deterministic",)),
    ),
    "Losses": (
        Row("train.pixel_opt.type: L1Loss", ("loss:l1",)),
        Row("train.pixel_opt.type: MSELoss", ("loss:mse",)),
        Row("train.pixel_opt.type: CharbonnierLoss", ("loss:charbonnier",)),
        Row("train.*_opt.loss_weight", ("losses/weight",)),
        Row("train.pixel_opt.reduction", ("loss:l1/reduction",)),
        Row("train.perceptual_opt", ("loss:perceptual",)),
        Row(
            "train.perceptual_opt.layer_weights",
            ("loss:perceptual/layers",),
            "names as `conv5_4`, features before the activation",
        ),
        Row("train.perceptual_opt.vgg_type: vgg19", ("loss:perceptual/weights",)),
        Row("train.perceptual_opt.use_input_norm", ("loss:perceptual/use_input_norm",)),
        Row("train.perceptual_opt.range_norm", ("loss:perceptual/range_norm",)),
        Row("train.perceptual_opt.criterion", ("loss:perceptual/criterion",)),
        Row("train.perceptual_opt.perceptual_weight", ("losses/weight",)),
        Row("train.perceptual_opt.style_weight", ("loss:style",), "a term of its own"),
        Row("train.gan_opt", ("loss:adversarial",)),
        Row("train.gan_opt.gan_type", ("loss:adversarial/mode",)),
        Row("train.gan_opt.real_label_val, fake_label_val", ("method:gan/labels",)),
        Row("train.ldl_opt, artifacts_opt", ("loss:ldl",)),
        Row("train.mssim_opt, consistency_opt, ... (traiNNer, neosr)", (), "a plugin's loss"),
    ),
    "Validation and logs": (
        Row("val.val_freq", ("train/validate_every",)),
        Row(
            "val.save_img",
            ("train/images", "train/keep_images"),
            "`srcore upscale` writes whole ones",
        ),
        Row("val.metrics.psnr, ssim", ("metric:psnr", "metric:ssim")),
        Row("val.metrics.lpips, dists, niqe", ("metric:lpips", "metric:dists", "metric:niqe")),
        Row("val.metrics.*.crop_border", ("metrics/crop_border",)),
        Row("val.metrics.*.test_y_channel", ("metric:psnr/y_channel",)),
        Row("logger.print_freq", ("train/log_every",)),
        Row("logger.save_checkpoint_freq", ("train/checkpoint_every", "train/keep_every")),
        Row("logger.use_tb_logger", ("train/tensorboard",)),
        Row("logger.wandb", (), "a plugin's handler"),
    ),
}
