"""The guide to what shapes the window and the map: filters, kernel_size, strides, padding, dilation_rate."""

from __future__ import annotations

from convwise.conv2d.findings import TUTORIAL
from convwise.conv2d.guidance.record import KERAS, Guidance, Value

_ARITHMETIC = "Dumoulin and Visin 2016, A guide to convolution arithmetic for deep learning, arXiv:1603.07285"

WINDOW = (
    Guidance(
        parameter="filters",
        default="required",
        summary="number of kernels = output channels",
        what=(
            "Each filter is one kernel that slides over the whole map and looks for one pattern; its responses become "
            "one channel of the output. Filters of the first layer learn edges and colours, later ones learn "
            "combinations of them. Weights and multiplications grow with the filters of this layer times those of "
            "the layer before, so doubling both makes a layer four times as expensive."
        ),
        example="""\
weights = height x width x channels in / groups x filters + filters (bias)

3x3 window, 3 channels in         32 filters      64 filters
  first layer                         896           1,792
3x3 window, 64 channels in
  second layer                     18,464          36,928""",
        when=(
            "More when the network underfits (training accuracy itself is low); fewer when training is slow "
            "or the network overfits. It is the simplest way to trade accuracy against time."
        ),
        values=(
            Value("16", "a quarter of the weights of 32, if the input is narrowed too"),
            Value("32", "the tutorial's start"),
            Value("64", "where 32 underfits"),
            Value("128", "late layers, small maps"),
        ),
        claim=(
            "Few filters early, more later: start with 32, 64 or 128 and go up to 256, 512 or 1024 in deeper layers. "
            "Use powers of two, and raise the count as the map shrinks."
        ),
        rules=(
            "It must be above 0 and divisible by groups; Keras refuses anything else.",
            "Set for all convolutions (conv.filters=64), it makes every layer equally wide, late ones included.",
        ),
        elsewhere="out_channels of torch.nn.Conv2d, which needs in_channels too; Keras takes those from the input.",
        sources=(
            f"{TUTORIAL}",
            "Simonyan and Zisserman 2015, VGG, arXiv:1409.1556, section 2.1: 64 doubling to 512",
            "Zagoruyko and Komodakis 2016, Wide residual networks, arXiv:1605.07146, section 2",
        ),
    ),
    Guidance(
        parameter="kernel_size",
        default="required",
        summary="height and width of the window",
        what=(
            "A number in the output depends only on the window of input pixels below it. A larger "
            "window sees a larger pattern at once and costs weights and multiplications in proportion to its area. "
            "Several small windows in a row see as far as one large window, with fewer weights and an "
            "activation after each. A 1x1 window sees one pixel: it only mixes channels."
        ),
        example="""\
n layers of 3x3, stride 1, see 2n + 1 pixels each way (bias not counted):

  sees       one layer    3x3 layers      weights, 64 -> 64
  5 x 5      one 5x5          2           102,400 |  73,728
  7 x 7      one 7x7          3           200,704 | 110,592
 11 x 11     one 11x11        5           495,616 | 184,320""",
        when=(
            "In the first layer, where the picture is large and a wide window replaces several layers at full "
            "resolution. Elsewhere, change the depth before the window."
        ),
        values=(
            Value("3", "the usual one"),
            Value("5", "large pictures, first layers"),
            Value("7", "first layer of StridedNet and of ResNet"),
            Value("1", "mixes channels; in all layers, the network sees single pixels"),
            Value("1x3", "one row of three; with 3x1 after it a cheaper 3x3"),
        ),
        claim=(
            "Odd sizes 1, 3, 5, 7 and rarely above 7. Pictures above 128 px: 5 or 7 in the first layers, then 3; up "
            "to 128 px: 1 and 3 only."
        ),
        rules=(
            "It must be above 0. With padding 'valid' the window must fit the map, else Keras refuses.",
            "An even size is legal but has no centre pixel: with 'same' the output sits half a pixel to one side.",
        ),
        elsewhere="kernel_size of torch.nn.Conv2d, with the same meaning.",
        sources=(
            f"{TUTORIAL}",
            "Simonyan and Zisserman 2015, VGG, arXiv:1409.1556, section 2.3: three 3x3 against one 7x7",
            "Szegedy et al. 2016, Rethinking the Inception architecture, arXiv:1512.00567, section 3.2: 1xn and nx1",
        ),
    ),
    Guidance(
        parameter="strides",
        default="(1, 1)",
        summary="step of the window; 2 halves the map",
        what=(
            "The window moves by this many pixels between two outputs. A stride of 2 keeps every second position "
            "each way, so the map has a quarter of the positions. All later layers do a quarter of the work, "
            "and each later unit sees twice as far. It does in one layer, with learned weights, what convolution "
            "and pooling do in two. A stride larger than the window skips pixels altogether."
        ),
        example="""\
A row of 9 pixels, window of 3, 'valid': output = (9 - 3) // stride + 1

stride 1   [012] [123] [234] [345] [456] [567] [678]     7 positions
stride 2   [012] [234] [456] [678]                       4
stride 3   [012] [345] [678]                             3
stride 4   [012] [456]                                   2
           and pixels 3, 7 and 8 are never seen""",
        when=(
            "To shrink the map: in place of a pooling layer, or in the first layer of a network that has to be fast. "
            "Not where small details have to be located exactly."
        ),
        values=(
            Value("1", "keep the size"),
            Value("2", "halve it"),
            Value("4", "a first layer that saves most of the time and loses detail"),
            Value("2x1", "halve the height only"),
        ),
        claim=(
            "Stay at 1; or use 2 in place of a pooling layer, which can raise accuracy. (Springenberg et al. found "
            "strided convolutions as good as max pooling on CIFAR-10 and CIFAR-100.)"
        ),
        rules=(
            "Keras refuses it above 1 together with dilation_rate above 1, even if one applies to the height and the "
            "other to the width.",
            "With 'same' the output is the input divided by the stride, rounded up.",
        ),
        elsewhere="stride of torch.nn.Conv2d (without the s).",
        sources=(
            f"{TUTORIAL}",
            "Springenberg et al. 2015, Striving for simplicity, arXiv:1412.6806, sections 2 and 3",
            "He et al. 2016, Deep residual learning, arXiv:1512.03385, section 3.3",
            f"{_ARITHMETIC}, section 2.3",
        ),
    ),
    Guidance(
        parameter="padding",
        default="valid",
        summary="zeros around the map, or none",
        what=(
            "With 'valid' the window stays inside the map. Each layer loses kernel_size - 1 pixels each way "
            "(times the dilation), and fewer windows see the pixels at the edge than those in the middle. With "
            "'same', zeros are added around the map so that it keeps its size at stride 1. The zeros are not part of "
            "the picture: near the edge they lower averages and look like an edge themselves."
        ),
        example="""\
A row of 5 pixels, window of 3, stride 1:

valid      [0 1 2] [1 2 3] [2 3 4]                         3 outputs
same   [. 0 1] [0 1 2] [1 2 3] [2 3 4] [3 4 .]             5 outputs

A row of 8, window of 3, stride 2, 'same': 4 outputs need (4-1)*2 + 3 = 9
pixels, so one zero is added, and Keras adds it at the end:

       [0 1 2] [2 3 4] [4 5 6] [6 7 .]""",
        when="'same' wherever the map should keep its size; in a first layer on large pictures 'valid' costs little.",
        values=(
            Value("same", "keep the size; shrink by strides or pooling"),
            Value("valid", "no invented pixels; the map shrinks in every layer"),
        ),
        claim="'same' for most layers, and shrink by pooling or strides.",
        rules=(
            "Conv2D has only 'valid' and 'same'. For other borders (reflected, for instance) put a padding layer "
            "before a 'valid' convolution.",
            "With 'valid', a window (dilated) larger than the map is refused.",
            "An odd number of zeros puts the extra one at the end (bottom, right). That happens with an even window, "
            "or with an odd window and stride 2 on an even size. Keras does the same on every backend.",
            "A 1x1 window needs no padding: both values give the same result.",
        ),
        elsewhere=(
            "torch.nn.Conv2d takes a number: padding=1 for 3x3. At stride 2 on an even size that adds a zero on each "
            "side, so its windows sit one pixel before Keras's. ZeroPadding2D(1) and a 'valid' convolution do the "
            "same in Keras. Its padding='same' allows stride 1 only."
        ),
        sources=(f"{TUTORIAL}", f"{KERAS}; the zeros as computed by its three backends", f"{_ARITHMETIC}, section 2.2"),
    ),
    Guidance(
        parameter="dilation_rate",
        default="(1, 1)",
        summary="gaps between the taps of the window",
        what=(
            "The taps of the window are set this many pixels apart. A window of k taps then reaches "
            "(k - 1) * rate + 1 pixels, while weights, multiplications and (with 'same') the size of the map stay the "
            "same. That layer skips the pixels between the taps; neighbouring outputs see other ones."
        ),
        example="""\
The nine taps of a 3x3 window:

rate 1: 3 x 3      rate 2: 5 x 5          rate 4: 9 x 9

 x x x             x . x . x              x . . . x . . . x
 x x x             . . . . .              . . . . . . . . .
 x x x             x . x . x              . . . . . . . . .
                   . . . . .              . . . . . . . . .
                   x . x . x              x . . . x . . . x
                                          (and so on)""",
        when=(
            "Where a unit must see far while the map keeps its resolution: segmentation, large pictures with fine "
            "detail. For plain classification, strides extend the reach more cheaply."
        ),
        values=(
            Value("1", "no gaps"),
            Value("2", "3x3 reaches 5x5"),
            Value("4", "3x3 reaches 9x9"),
            Value("1x2", "gaps along the width only"),
        ),
        claim="For large pictures whose fine detail matters: fewer weights for the same reach.",
        rules=(
            "Keras refuses it above 1 together with strides above 1.",
            "With 'valid' the dilated window, (k - 1) * rate + 1, must fit the map.",
            "It has no effect on a 1x1 window, which has no gaps to widen.",
            "The same rate above 1 in layer after layer leaves pixels that a unit never sees (gridding); rates such "
            "as 1, 2, 5 leave none.",
        ),
        elsewhere="dilation of torch.nn.Conv2d, which allows it together with a stride. Also called atrous.",
        sources=(
            f"{TUTORIAL}",
            "Yu and Koltun 2016, Multi-scale context aggregation by dilated convolutions, arXiv:1511.07122, section 2",
            "Wang et al. 2018, Understanding convolution for semantic segmentation, arXiv:1702.08502, section 3.2",
            f"{_ARITHMETIC}, section 5.1",
        ),
    ),
)
