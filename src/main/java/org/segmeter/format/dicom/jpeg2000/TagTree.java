package org.segmeter.format.dicom.jpeg2000;

import java.util.Arrays;
import org.segmeter.volume.InputException;

/** A tag tree (T.800 B.10.2): a two-dimensional array of numbers, of which lower bounds become known step by step. */
final class TagTree {

    private final int width;
    private final int[] firstOfLevel;
    private final int[] widthOfLevel;

    /** What is known of each node, leaves first: its value, or the complement of what it is at least. */
    private final int[] nodes;

    TagTree(int width, int height) {
        this.width = width;
        int levels = 1;
        int nodeCount = width * height;
        int w = width;
        int h = height;
        while (w > 1 || h > 1) {
            w = w + 1 >> 1;
            h = h + 1 >> 1;
            nodeCount += w * h;
            levels++;
        }
        firstOfLevel = new int[levels];
        widthOfLevel = new int[levels];
        w = width;
        h = height;
        int first = 0;
        for (int k = 0; k < levels; k++) {
            firstOfLevel[k] = first;
            widthOfLevel[k] = w;
            first += w * h;
            w = w + 1 >> 1;
            h = h + 1 >> 1;
        }
        nodes = new int[nodeCount];
        Arrays.fill(nodes, ~0);
    }

    /** Reads until it is known whether the value of a leaf is below a threshold and returns that. */
    boolean isBelow(int leaf, int threshold, PacketBits in) throws InputException {
        int x = leaf % width;
        int y = leaf / width;
        int least = 0;
        for (int k = firstOfLevel.length - 1; k >= 0; k--) {
            int node = firstOfLevel[k] + (y >> k) * widthOfLevel[k] + (x >> k);
            int known = nodes[node];
            if (known < 0) {
                int low = Math.max(~known, least);
                boolean found = false;
                while (!found && low < threshold) {
                    found = in.bit() == 1;
                    if (!found) {
                        low++;
                    }
                }
                known = found ? low : ~low;
                nodes[node] = known;
            }
            if (known < 0 || known >= threshold) {
                return false;
            }
            least = known;
        }
        return true;
    }
}
