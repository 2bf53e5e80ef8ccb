from torch import nn
from torch.func import functional_call


def forward_frozen(module: nn.Module, *args):
    """Run a module whose parameters are taken as constants.

    What it returns has a graph to the arguments but not to the parameters.
    """
    constants = {
        name: param.detach()
        for name, param in module.named_parameters()
    }
    return functional_call(module, constants, args)
