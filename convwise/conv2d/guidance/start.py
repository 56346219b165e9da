"""The guide to the initial values of the weights: kernel_initializer and bias_initializer."""

from __future__ import annotations

from convwise.conv2d.findings import TUTORIAL
from convwise.conv2d.guidance.record import KERAS, Guidance, Value

START = (
    Guidance(
        parameter="kernel_initializer",
        default="glorot_uniform",
        summary="how the kernel's initial values are drawn",
        what=(
            "The initial values decide how large the numbers are that reach the last layer, and how large the "
            "gradients that come back. Too small, and both vanish from layer to layer; too large, and they explode. "
            " The fitting variance depends on fan_in = height x width x channels in / groups. Glorot's, "
            "2 / (fan_in + fan_out), suits an activation that is linear near zero, such as tanh. ReLU discards half, "
            "and He's variance, 2 / fan_in, makes up for it. Batch normalisation removes most of the difference."
        ),
        example="""\
3x3 window, 64 channels in, 64 filters: fan_in = fan_out = 9 x 64 = 576

                   variance               standard deviation
glorot_uniform     2 / (576 + 576)        0.0417   from -0.0722 to 0.0722
he_normal          2 / 576                0.0589   cut off at 0.1340

Eight such layers with ReLU: Glorot's halves the variance in each, so the
last map is (1/2)^(8/2) = 1/16 as large as with He's.""",
        when=(
            "When a deep network without batch normalisation does not start to learn, or its loss becomes NaN "
            "at once. With batch normalisation it hardly matters."
        ),
        values=(
            Value("he_normal", "with ReLU, deep networks"),
            Value("glorot_uniform", "Keras's default"),
            Value("lecun_normal", "for selu"),
            Value("orthogonal", "keeps norms; all filters differ from the start"),
        ),
        claim="glorot_uniform for most; he_normal for deep networks or many weights, such as VGG.",
        rules=(
            "With equal values (zeros, ones, constant) all filters of a layer compute the same and stay "
            "equal: such a layer is worth one filter.",
            "he_normal draws from a normal distribution truncated at two standard deviations. It is widened by "
            "1 / 0.8796 so that the variance after truncation is 2 / fan_in.",
            "identity is for matrices: Keras refuses it for a kernel.",
        ),
        elsewhere=(
            "torch.nn.Conv2d draws kernel and bias uniformly from -1/sqrt(fan_in) to 1/sqrt(fan_in): a sixth of He's "
            "variance. he_normal is torch.nn.init.kaiming_normal_ (without the truncation); glorot is xavier."
        ),
        sources=(
            f"{TUTORIAL}",
            "Glorot and Bengio 2010, Understanding the difficulty of training deep networks, equations 12 and 16",
            "He et al. 2015, Delving deep into rectifiers, arXiv:1502.01852, section 2.2, equations 10 and 14",
            "Keras 3.15, keras.initializers.VarianceScaling",
        ),
    ),
    Guidance(
        parameter="bias_initializer",
        default="zeros",
        summary="the initial values of the bias",
        what=(
            "With a bias of zero, a filter with random weights is negative at about half of the positions, and its "
            "ReLU passes the other half. A small positive bias lets more through at the start; a large one makes the "
            "ReLU linear. The kernels break the symmetry between filters, so equal biases do no harm."
        ),
        example="""\
share of positions that a ReLU passes, responses of standard deviation 1:

bias  0.0     50 %          bias  1.0     84 %
bias  0.1     54 %          bias -1.0     16 %""",
        when="Hardly ever. If many ReLUs of a plain network are dead from the first epoch, try constant:0.1.",
        values=(
            Value("zeros", "the default"),
            Value("constant:0.1", "more ReLUs alive at the start"),
            Value("random_normal", "for comparison: a standard deviation of 0.05 in Keras"),
        ),
        claim="Leave it alone.",
        rules=(
            "No effect with use_bias=False, nor directly before batch normalisation.",
            "Initializers that depend on the fans (he_normal, glorot_uniform) are accepted. They take the number of "
            "filters as fan_in and fan_out, which means nothing for a bias.",
        ),
        elsewhere="torch.nn.Conv2d has no such argument and draws biases like kernels, not zeros.",
        sources=(
            f"{TUTORIAL}",
            "Krizhevsky, Sutskever and Hinton 2012, ImageNet classification, section 5: ones in some layers",
            f"{KERAS}",
        ),
    ),
)
