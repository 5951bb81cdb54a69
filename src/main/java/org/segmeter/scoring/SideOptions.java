package org.segmeter.scoring;

import java.util.OptionalDouble;
import org.segmeter.format.ReadOptions;

/**
 * What a request declares about one side.
 *
 * @param values what voxel values of a NIfTI file mean
 * @param threshold from which value on a voxel belongs to the segment, where values are no labels; absent: 0.5
 */
public record SideOptions(ReadOptions.Values values, OptionalDouble threshold) {
    public static final SideOptions DEFAULT = new SideOptions(ReadOptions.Values.UNDECLARED, OptionalDouble.empty());

    /** The threshold that probabilities are hardened with if none was declared: a voxel belongs from 0.5 on. */
    public static final double DEFAULT_THRESHOLD = 0.5;
}
