"""The guide to what holds weights and outputs down: the regularizers and the constraints."""

from __future__ import annotations

from convwise.conv2d.findings import TUTORIAL
from convwise.conv2d.guidance.record import KERAS, Guidance, Value

LIMITS = (
    Guidance(
        parameter="kernel_regularizer",
        default="None",
        summary="penalty on large weights, part of the loss",
        what=(
            "L2 adds factor x (sum of all squared kernel weights) to the loss, so every step also pulls each "
            "weight towards zero in proportion to its size. L1 adds factor x (sum of absolute values) and pulls all "
            "weights with equal force, so many end up close to zero. The network has to earn each weight by fitting "
            "better, which works against memorising the training pictures."
        ),
        example="""\
l2:0.0005 on a 3x3 kernel, 64 -> 64, fresh from he_normal:

sum of squares   36,864 weights x 2/576 = 128
penalty          0.0005 x 128           = 0.064   in the loss
pull             2 x 0.0005 x weight    = 0.001 x weight

Plain SGD at rate 0.1: each step keeps 1 - 0.1 x 0.001 = 0.9999 of a weight;
10,000 steps that nothing else opposes keep 0.37 of it.""",
        when="When training accuracy is far above validation accuracy. More or better varied pictures help more.",
        values=(
            Value("l2:0.0001", "the mild end of the tutorial's range"),
            Value("l2:0.0005", "its usual value"),
            Value("l2:0.001", "the strong end"),
            Value("l1:0.0001", "for sparse kernels"),
            Value("none", "with weight decay in the optimizer, one of the two is enough"),
        ),
        claim=(
            "L2 at 0.0005 where the network overfits; 0.0001 to 0.001 is a good range; a must for large data and deep "
            "networks."
        ),
        rules=(
            "Keras's L2 has no factor 1/2: Keras's 0.0005 pulls as PyTorch's weight_decay=0.001 does with plain SGD.",
            "The penalty is summed over the layers and is part of the loss that Keras prints.",
            "The name alone (l2) means a factor of 0.01, twenty times the tutorial's.",
            "With Adam it is not the same as weight decay: Adam divides the pull by the size of recent gradients.",
            "A kernel directly before batch normalisation can be scaled without changing the function: there L2 "
            "sets the effective learning rate rather than what can be learned.",
        ),
        elsewhere="weight_decay of PyTorch's optimizers: on all weights, biases and scales too, unless separated.",
        sources=(
            f"{TUTORIAL}",
            "Krogh and Hertz 1992, A simple weight decay can improve generalization, equation 1",
            "Loshchilov and Hutter 2019, Decoupled weight decay regularization, arXiv:1711.05101, section 2",
            "van Laarhoven 2017, L2 regularization versus batch and weight normalization, arXiv:1706.05350",
            "Keras 3.15, keras.regularizers.L2",
        ),
    ),
    Guidance(
        parameter="bias_regularizer",
        default="None",
        summary="the same penalty on the biases",
        what=(
            "It pulls the biases towards zero. There are few of them, one per filter against hundreds of weights. "
            "They shift a channel without making the function more complex, so little is gained, and a network that "
            "needs an offset is penalised for it."
        ),
        example="""\
l2:0.0005 on 64 biases of 0.1:   0.0005 x 64 x 0.01 = 0.00032 in the loss
the same on the kernel (above):  0.0005 x 128       = 0.064      200 times""",
        when="Leave it at None. It is here because Keras has it.",
        values=(
            Value("none", "the default"),
            Value("l2:0.0005", "to see that little happens"),
        ),
        claim="Leave it alone: hardly any effect.",
        rules=(
            "No effect with use_bias=False: there is nothing to penalise.",
            "Directly before batch normalisation it penalises a number that has no effect.",
        ),
        elsewhere="PyTorch's weight_decay includes biases, unless they are put into a parameter group of their own.",
        sources=(
            f"{TUTORIAL}",
            "Goodfellow, Bengio and Courville 2016, Deep Learning, section 7.1: why biases are left out",
            f"{KERAS}",
        ),
    ),
    Guidance(
        parameter="activity_regularizer",
        default="None",
        summary="penalty on large outputs",
        what=(
            "It penalises the layer's output (after its activation), not its weights. L1 makes outputs sparse: few "
            "units respond to a picture, and most are zero. The sum runs over all positions and channels and is "
            "divided by the number of pictures in the batch. So the same factor weighs four times as much on a map "
            "of twice the side."
        ),
        example="""\
l1:0.000001 on a map of 64 x 64 positions and 32 channels, mean output 0.5:

64 x 64 x 32 x 0.5 = 65,536 per picture  x 0.000001 = 0.066 in the loss
the same layer at stride 2: 16,384       x 0.000001 = 0.016""",
        when="For a sparse code, as in some autoencoders; to keep outputs small for low-precision arithmetic.",
        values=(
            Value("none", "the default"),
            Value("l1:0.000001", "a gentle push towards sparse outputs"),
            Value("l2:0.000001", "keeps large outputs down"),
        ),
        claim="Leave it alone without a specific reason.",
        rules=(
            "Keras 3 divides the sum by the batch size, not by positions or channels: fit the factor to the map size.",
            "Directly before batch normalisation it shrinks outputs that are then scaled up again.",
        ),
        elsewhere="Nothing of that name in PyTorch: add the term to the loss by hand.",
        sources=(
            f"{TUTORIAL}",
            "Glorot, Bordes and Bengio 2011, Deep sparse rectifier neural networks, section 3",
            "Keras 3.15, keras.layers.Layer: where the loss is divided by the batch size",
        ),
    ),
    Guidance(
        parameter="kernel_constraint",
        default="None",
        summary="limit the kernel is projected to",
        what=(
            "After each optimizer update the kernel is moved to the nearest one within the limit. Limits are no "
            "negative weights (non_neg), a norm of exactly one (unit_norm), a norm of at most a number (max_norm), "
            "or between two numbers (min_max_norm). Unlike a penalty, a limit leaves weights within it alone. "
            "The norm is the root of the sum of squares along axis; you choose which weights that takes together."
        ),
        example="""\
max_norm:2 and weights (3, 4): length 5, scaled by 2/5 to (1.2, 1.6)
                       (1, 1): length 1.41, left alone

min_max_norm:0:2:0.5   (3, 4): halfway, length 0.5 x 2 + 0.5 x 5 = 3.5

A kernel is (height, width, channels in, filters). What is one 'length'?
axis=0           height only: a column of 3 numbers   (Keras's default)
axis=[0, 1, 2]   one whole filter: 3 x 3 x 64 numbers""",
        when=(
            "max_norm at 3 or 4 together with strong dropout and high learning rates, as in the dropout paper; "
            "non_neg where weights must be read as amounts."
        ),
        values=(
            Value("max_norm:3", "as in the dropout paper, but see the rule on axis"),
            Value("non_neg", "weights as amounts"),
            Value("unit_norm", "a norm of one"),
            Value("min_max_norm:0.5:2", "a norm between the two"),
            Value("none", "the default"),
        ),
        claim="Leave it alone without a specific reason.",
        rules=(
            "axis is 0 by default, which suits Dense. For a kernel it limits each column of the window by itself; "
            "a whole filter is axis=[0, 1, 2], in Python: keras.constraints.MaxNorm(3, axis=[0, 1, 2]).",
            "The name alone (max_norm) means at most 2.",
            "min_max_norm moves the fraction rate of the way in each step; the default, 1, is all the way.",
            "Before batch normalisation the norm of a filter does not change the function.",
        ),
        elsewhere="Nothing of that name in PyTorch: project by hand after optimizer.step().",
        sources=(
            f"{TUTORIAL}",
            "Srivastava et al. 2014, Dropout, JMLR 15, section 5.1 and appendix A.3",
            "Keras 3.15, keras.constraints",
        ),
    ),
    Guidance(
        parameter="bias_constraint",
        default="None",
        summary="the same limit for the biases",
        what=(
            "After each update the biases are projected back to the limit. They are one row of numbers, one per "
            "filter, so the norm is that of the whole row, and unit_norm ties the biases of all filters together. With "
            "non_neg a bias cannot close its ReLU, so it can no longer act as a threshold."
        ),
        example="""\
four biases        ( 0.6, -0.8,  0.0,  2.4)      length 2.6

non_neg            ( 0.6,  0.0,  0.0,  2.4)
unit_norm          ( 0.23, -0.31, 0.0,  0.92)    length 1
max_norm:2         ( 0.46, -0.62, 0.0,  1.85)    length 2, all are scaled""",
        when="Leave it at None. It is here because Keras has it.",
        values=(
            Value("none", "the default"),
            Value("non_neg", "no negative thresholds"),
            Value("max_norm:2", "a norm of at most 2 for the whole row"),
        ),
        claim="Leave it alone.",
        rules=(
            "No effect with use_bias=False.",
            "Directly before batch normalisation it limits a number that has no effect.",
        ),
        elsewhere="Nothing of that name in PyTorch: project by hand after optimizer.step().",
        sources=(f"{TUTORIAL}", f"{KERAS}; keras.constraints"),
    ),
)
