"""Language models of a few kilobytes that have something to learn."""

from pathlib import Path


def all_but_cites(folder: Path, *, seed: int = 1) -> Path:
    """Have a model that says "Roses are watered daily. [1]" end before the mark, and make it open to adapters.

    The end is a little likelier than the mark, so that a few steps teach it to cite.

    Args:
        folder: Of a ``parrot`` of the pieces "Roses are", " watered daily." and " [1]".
        seed: Of its layers.
    """
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        for layer in model.model.layers:
            for name, weights in layer.named_parameters():
                torch.nn.init.ones_(weights) if "norm" in name else torch.nn.init.normal_(weights, std=0.03)
        # Dimension 2 says that the second piece was said last; token 2 is the end.
        mark = int(model.lm_head.weight[3:, 2].argmax()) + 3
        model.lm_head.weight[2, 2] = model.lm_head.weight[mark, 2] * 1.1
    model.save_pretrained(folder)
    return folder
