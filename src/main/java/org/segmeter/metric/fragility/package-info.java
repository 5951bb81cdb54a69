/** Why a Dice value is what it is, and how much one voxel, one shell of voxels or half a voxel of shift would change it. */
@NamedInterface("fragility")
@NullMarked
package org.segmeter.metric.fragility;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
