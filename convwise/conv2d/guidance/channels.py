"""The guide to what happens to channels and outputs: data_format, groups, activation, use_bias."""

from __future__ import annotations

from convwise.conv2d.findings import TUTORIAL
from convwise.conv2d.guidance.record import KERAS, Guidance, Value

CHANNELS = (
    Guidance(
        parameter="data_format",
        default="None",
        summary="channels last or first; None: as in Keras",
        what=(
            "The same numbers in another order: (batch, height, width, channels) or (batch, channels, height, width). "
            "The kernel has the same shape and the function computed is the same either way; only speed can differ. "
            "None takes keras.config.image_data_format(), which is channels_last unless you changed it."
        ),
        example="""\
A picture of 2 x 2 pixels, red, green, blue, as it lies in memory:

channels_last    R0 G0 B0  R1 G1 B1  R2 G2 B2  R3 G3 B3    shape (2, 2, 3)
channels_first   R0 R1 R2 R3  G0 G1 G2 G3  B0 B1 B2 B3     shape (3, 2, 2)

kernel           (height, width, channels in, filters)     in both cases""",
        when="Almost never: when a measurement on your own device shows that the other order is faster.",
        values=(
            Value("channels_last", "the order in which pictures are read; preferred by CPUs and TensorFlow"),
            Value("channels_first", "PyTorch's own order; see the rules"),
        ),
        claim="Leave it alone: it is taken from the Keras configuration.",
        rules=(
            "All layers of a network have to agree: with channels_first, BatchNormalization needs axis=1, and pooling "
            "and Flatten need their own data_format. A layer that does not takes the height for the channels.",
            "Not every build of TensorFlow runs channels_first on a CPU; builds with oneDNN do.",
        ),
        elsewhere=(
            "PyTorch's arrays are always (batch, channels, height, width); memory_format=torch.channels_last changes "
            "how they lie in memory, not the shape."
        ),
        sources=(f"{TUTORIAL}", f"{KERAS}; keras.config.image_data_format"),
    ),
    Guidance(
        parameter="groups",
        default="1",
        summary="splits channels into separate convolutions",
        what=(
            "With groups=g the channels are split into g equal parts. Each filter sees one part only, and the results "
            "are concatenated. Weights and multiplications fall to 1/g. Within that layer no group "
            "learns what another finds, so a 1x1 convolution that mixes them usually follows. With as "
            "many groups as channels the layer is a depthwise convolution."
        ),
        example="""\
3x3 window, 64 channels in, 64 filters, no bias:

groups      each filter sees      weights
   1           64 channels         36,864
   2           32                  18,432
   4           16                   9,216
  64            1                     576     depthwise
  64            1, and 1x1 after    4,672     what MobileNet does""",
        when=(
            "When weights or multiplications are the limit, as on a phone. Time it: fewer multiplications do "
            "not always take less time, and on CPUs grouped convolutions are often slower."
        ),
        values=(
            Value("1", "each filter sees all channels"),
            Value("2", "half the weights"),
            Value("4", "a quarter"),
            Value("8", "an eighth"),
        ),
        claim="None: the tutorial is older than this parameter. Fewer weights at little loss is worth measuring.",
        rules=(
            "It must divide both the input's channels and filters. A picture's three channels allow 1 and 3, a gray "
            "picture's one only 1, so in plain Keras a value for all convolutions fails in the first layer. "
            "The setting `conv.groups=2` of convwise leaves that layer alone.",
            "TensorFlow has no plain grouped convolution on a CPU; Keras compiles one with XLA, also for training.",
        ),
        elsewhere="groups of torch.nn.Conv2d. keras.layers.DepthwiseConv2D is the case groups = channels.",
        sources=(
            "Krizhevsky, Sutskever and Hinton 2012, ImageNet classification, section 3.2",
            "Xie et al. 2017, Aggregated residual transformations (ResNeXt), arXiv:1611.05431, section 3",
            "Howard et al. 2017, MobileNets, arXiv:1704.04861, section 3.1",
            "Ma et al. 2018, ShuffleNet V2, arXiv:1807.11164, section 2, guideline 2: groups cost memory traffic",
        ),
    ),
    Guidance(
        parameter="activation",
        default="None",
        summary="function applied to each output",
        what=(
            "Without a function between them, two convolutions equal one convolution with a larger window: "
            "only activations make depth useful. ReLU sets negative values to zero. Sigmoid and tanh "
            "saturate on both sides, and where they are flat nothing is learned. Smooth relatives of ReLU (silu, "
            "gelu) and leaky_relu let a little through below zero."
        ),
        example="""\
none              -2.00   -0.50    0.00    0.50    2.00
relu               0.00    0.00    0.00    0.50    2.00
leaky_relu        -0.40   -0.10    0.00    0.50    2.00  slope 0.2 below 0
tanh              -0.96   -0.46    0.00    0.46    0.96
sigmoid            0.12    0.38    0.50    0.62    0.88
silu              -0.24   -0.19    0.00    0.31    1.76""",
        when=(
            "Give each convolution one, or add an Activation layer after it, but not both. With batch normalisation "
            "the usual order is convolution, normalisation, activation, so the layer's own is left out."
        ),
        values=(
            Value("relu", "the usual one"),
            Value("leaky_relu", "where many units have died"),
            Value("silu", "smooth; a little slower"),
            Value("tanh", "for comparison with old networks"),
            Value("none", "a separate layer does it"),
        ),
        claim='A convenience: activation="relu" equals a separate ReLU layer.',
        rules=(
            "The equality is a theorem where nothing stands between the two. With batch normalisation between them it "
            "is a different network: the ReLU comes before the normalisation.",
            "ReLU after ReLU changes nothing: a network with ReLU layers of its own is unchanged by activation=relu "
            "directly before them.",
        ),
        elsewhere="PyTorch has no such argument: torch.nn.ReLU() is a module of its own.",
        sources=(
            f"{TUTORIAL}",
            "Nair and Hinton 2010, Rectified linear units improve restricted Boltzmann machines",
            "Glorot, Bordes and Bengio 2011, Deep sparse rectifier neural networks, section 3",
            "Ramachandran et al. 2017, Searching for activation functions, arXiv:1710.05941 (silu)",
        ),
    ),
    Guidance(
        parameter="use_bias",
        default="True",
        summary="adds a learned number per filter",
        what=(
            "The bias shifts a whole channel up or down by the same amount. Before a ReLU it acts as a "
            "threshold: how strong a pattern must be to pass. Batch normalisation subtracts the channel's "
            "mean, and the bias with it, so a bias directly before it has no effect."
        ),
        example="""\
3x3 window, 64 channels in, 64 filters:
36,864 weights in the kernel and 64 biases, 0.17 %

response of a filter   0.1   0.4   0.7
bias  0.0, ReLU        0.1   0.4   0.7
bias -0.3, ReLU        0.0   0.1   0.4
bias -0.5, ReLU        0.0   0.0   0.2        only the strong one passes""",
        when="Leave it on, except directly before batch normalisation, where it is dead weight.",
        values=(
            Value("true", "the default"),
            Value("false", "before batch normalisation; some residual networks"),
        ),
        claim="Keep it; some ResNets leave it out.",
        rules=(
            "Redundant where batch normalisation follows directly: its own offset (beta) does the same.",
            "With use_bias=False, bias_initializer, bias_regularizer and bias_constraint have no effect.",
        ),
        elsewhere="bias of torch.nn.Conv2d.",
        sources=(
            f"{TUTORIAL}",
            "Ioffe and Szegedy 2015, Batch normalization, arXiv:1502.03167, section 3.2",
        ),
    ),
)
