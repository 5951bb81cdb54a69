package org.segmeter.metric.loss;

import org.segmeter.volume.Box;
import org.segmeter.volume.ProbabilityVolume;

/** Where a channel has anything but 0, so that memory follows the structures and not the volume. */
final class Support {

    /** Dense fields take about 100 bytes per voxel: this many are 1.6 GB. */
    static final long LARGEST = 1L << 24;

    private Support() {}

    /**
     * The smallest box that holds every voxel in which a side is not 0, with a border of one voxel as far as the given box has
     * it. Outside, erosions, openings and products of the two sides are 0, and no distance that matters is shorter.
     */
    static Box of(Channel channel, Box box) {
        Box support = of(channel.prediction(), box).union(of(channel.reference(), box));
        Box grown = support.grown(1).intersection(box);
        // Nothing at all: a single voxel tells the same.
        return grown.isEmpty()
                ? new Box(box.x0(), box.y0(), box.z0(), box.x0() + 1, box.y0() + 1, box.z0() + 1)
                : grown;
    }

    private static Box of(Side side, Box box) {
        return switch (side) {
            case Side.Hard hard -> hard.mask().box().intersection(box);
            case Side.Probability probability -> of(probability.volume()).intersection(box);
            case Side.Logit logit -> box;
            case Side.SoftmaxLogit softmax -> box;
            case Side.Rest rest -> box;
        };
    }

    private static Box of(ProbabilityVolume volume) {
        Box stored = volume.box();
        Box support = Box.EMPTY;
        int at = 0;
        for (int z = stored.z0(); z < stored.z1(); z++) {
            for (int y = stored.y0(); y < stored.y1(); y++) {
                int first = -1;
                int last = -1;
                for (int x = stored.x0(); x < stored.x1(); x++) {
                    if (volume.values()[at++] != 0) {
                        first = first < 0 ? x : first;
                        last = x;
                    }
                }
                if (first >= 0) {
                    support = support.union(new Box(first, y, z, last + 1, y + 1, z + 1));
                }
            }
        }
        return support;
    }
}
