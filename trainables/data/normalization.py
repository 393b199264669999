"""The ImageNet statistics that images are normalised with."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of red, green and blue; black is 0, white is 1."""

IMAGENET_STD = (0.229, 0.224, 0.225)
"""Standard deviation of red, green and blue; black is 0, white is 1."""
