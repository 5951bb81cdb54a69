package org.segmeter.format.dicom.jpeg2000;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.InputException;

/** The code-blocks of one subband in one precinct (T.800 B.7), created with the first packet of the precinct that is not empty. */
final class PrecinctBand {

    private final Subband band;
    private final Area area;
    private final int shiftX;
    private final int shiftY;
    private final int firstColumn;
    private final int firstRow;
    private final int columns;
    private final @Nullable CodeBlock[] blocks;
    private final TagTree inclusion;
    private final TagTree zeroPlanes;

    /**
     * @param area not empty, in the coordinates of the subband
     * @param shiftX exponent of the width of a code-block after the precinct has limited it; {@code shiftY} likewise
     */
    PrecinctBand(Subband band, Area area, int shiftX, int shiftY) {
        this.band = band;
        this.area = area;
        this.shiftX = shiftX;
        this.shiftY = shiftY;
        firstColumn = area.x0() >> shiftX;
        firstRow = area.y0() >> shiftY;
        columns = Area.ceil(area.x1(), shiftX) - firstColumn;
        int rows = Area.ceil(area.y1(), shiftY) - firstRow;
        blocks = new CodeBlock[columns * rows];
        inclusion = new TagTree(columns, rows);
        zeroPlanes = new TagTree(columns, rows);
    }

    Subband band() {
        return band;
    }

    int blockCount() {
        return blocks.length;
    }

    @Nullable
    CodeBlock block(int index) {
        return blocks[index];
    }

    Area blockArea(int index) {
        return area.cell(firstColumn + index % columns, firstRow + index / columns, shiftX, shiftY);
    }

    /** Reads the part of a packet header that concerns this subband, and lists the code-blocks that the packet contributes to. */
    void readHeader(PacketBits in, int layer, BlockStyle style, List<CodeBlock> contributing) throws InputException {
        for (int i = 0; i < blocks.length; i++) {
            CodeBlock block = blocks[i];
            if (block == null) {
                if (!inclusion.isBelow(i, layer + 1, in)) {
                    continue;
                }
                block = new CodeBlock(readPlanes(i, in));
                blocks[i] = block;
            } else if (in.bit() == 0) {
                continue;
            }
            block.readContribution(in, style);
            contributing.add(block);
        }
    }

    private int readPlanes(int block, PacketBits in) throws InputException {
        int zero = 0;
        while (!zeroPlanes.isBelow(block, zero + 1, in)) {
            zero++;
            if (zero >= band.planes()) {
                throw Codestream.malformed("a code-block has no bit plane", zero + " zero bit planes");
            }
        }
        int planes = band.planes() - zero;
        if (planes > band.mostPlanes()) {
            throw Codestream.unsupported("more bit planes than its precision needs", planes + " bit planes");
        }
        return planes;
    }
}
