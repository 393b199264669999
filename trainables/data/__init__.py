"""Images and poses: datasets, the DALI loader, augmentation."""
