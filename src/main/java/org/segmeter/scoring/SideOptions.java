package org.segmeter.scoring;

import java.util.OptionalDouble;
import org.segmeter.format.ReadOptions;

/**
 * What a request declares about one side.
 *
 * @param values what voxel values of a NIfTI file mean
 * @param threshold from which value on a voxel belongs to the segment, where values are no labels; absent: 0.5,
 *     or the largest probability if {@link #byLargestProbability}
 * @param backgroundFirst true if the first of several channels is the background, as networks with a softmax give it: it is no
 *     segment, and the channels after it are the segments 1, 2 ...
 */
public record SideOptions(ReadOptions.Values values, OptionalDouble threshold, boolean backgroundFirst) {
    public static final SideOptions DEFAULT =
            new SideOptions(ReadOptions.Values.UNDECLARED, OptionalDouble.empty(), false);

    /** The threshold that probabilities are hardened with if none was declared: a voxel belongs from 0.5 on. */
    public static final double DEFAULT_THRESHOLD = 0.5;

    /**
     * True if each voxel belongs to the channel with the largest probability: the first is the background, so that they are classes, and
     * no threshold says otherwise. Channels of a sigmoid each stand for themselves.
     */
    boolean byLargestProbability() {
        return backgroundFirst && threshold.isEmpty() && values != ReadOptions.Values.SIGMOID_LOGITS;
    }
}
