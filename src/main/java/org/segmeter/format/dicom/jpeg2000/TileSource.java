package org.segmeter.format.dicom.jpeg2000;

import java.util.ArrayList;
import java.util.List;

/** What the stream says of one tile: its parameters and, from one or several tile-parts, its packets. */
final class TileSource {

    private final int index;
    private final byte[] stream;
    private final Parameters parameters;
    private final List<int[]> parts = new ArrayList<>(1);

    TileSource(int index, byte[] stream, Parameters main) {
        this.index = index;
        this.stream = stream;
        parameters = new Parameters(main);
    }

    int index() {
        return index;
    }

    Parameters parameters() {
        return parameters;
    }

    int partCount() {
        return parts.size();
    }

    void addPart(int from, int to) {
        parts.add(new int[] {from, to});
    }

    int length() {
        int length = 0;
        for (int[] part : parts) {
            length += part[1] - part[0];
        }
        return length;
    }

    /** The packets of all tile-parts in one piece. */
    byte[] packets() {
        byte[] all = new byte[length()];
        int at = 0;
        for (int[] part : parts) {
            System.arraycopy(stream, part[0], all, at, part[1] - part[0]);
            at += part[1] - part[0];
        }
        return all;
    }
}
