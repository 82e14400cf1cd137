"""Lets nnU-Net predict with a model folder as its users do, or with its sums of logits in single precision.

    python predict_with_nnunet.py half|single OPTIONS_OF_nnUNetv2_predict_from_modelfolder...

nnU-Net adds up weighted logits, and keeps the Gaussian that weights them, in half precision. Where classes are nearly
equal, that alone decides; and in the corners of a patch the Gaussian is smaller than half precision can say. `single`
shows what is left without it. nnU-Net runs on the CPU, one process for reading and one for writing.
"""
import sys

import torch


def main():
    precision = sys.argv.pop(1)
    if precision == "single":
        torch.half = torch.float16 = torch.float32
    elif precision != "half":
        sys.exit(f"the first word is {precision}, but it must be half or single")
    from nnunetv2.inference.predict_from_raw_data import predict_entry_point_modelfolder

    sys.argv += ["-device", "cpu", "-npp", "1", "-nps", "1", "--disable_progress_bar"]
    predict_entry_point_modelfolder()


if __name__ == "__main__":
    main()
