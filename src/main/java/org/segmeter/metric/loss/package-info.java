/** Segmentation losses as numbers about one case: region, voxel-wise, ranked, skeleton and distance losses, and the gradient facts of the Dice family. */
@NamedInterface("loss")
@NullMarked
package org.segmeter.metric.loss;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
