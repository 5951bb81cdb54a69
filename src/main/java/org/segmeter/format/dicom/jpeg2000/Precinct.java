package org.segmeter.format.dicom.jpeg2000;

import java.util.ArrayList;
import java.util.List;
import org.segmeter.volume.InputException;

/** A precinct of one resolution of a tile (T.800 B.6): what one packet of each layer is about. */
final class Precinct {

    private static final int SOP = 0xFF91;
    private static final int SOP_LENGTH = 6;
    private static final int EPH = 0xFF92;

    private final Resolution resolution;
    private final int column;
    private final int row;

    private int layersRead;
    private List<PrecinctBand> bands = List.of();

    /** @param column of the partition that is anchored at 0, 0; {@code row} likewise */
    Precinct(Resolution resolution, int column, int row) {
        this.resolution = resolution;
        this.column = column;
        this.row = row;
    }

    int resolution() {
        return resolution.index();
    }

    /** Where progressions by position come to this precinct, on the reference grid (B.12.1.3 to B.12.1.5). */
    long x(Area tile) {
        return Math.max(tile.x0(), (long) column << resolution.precinctShiftX() + resolution.reduction());
    }

    long y(Area tile) {
        return Math.max(tile.y0(), (long) row << resolution.precinctShiftY() + resolution.reduction());
    }

    int layersRead() {
        return layersRead;
    }

    /** Code-blocks that a packet of this precinct speaks of, 0 as long as all were empty. */
    int blockCount() {
        int count = 0;
        for (PrecinctBand band : bands) {
            count += band.blockCount();
        }
        return count;
    }

    List<PrecinctBand> bands() {
        return bands;
    }

    /** Reads the packet of the next layer (B.9 and B.10). */
    void readPacket(PacketBits in, BlockStyle style, boolean endMarked) throws InputException {
        if (in.nextIs(SOP)) {
            in.skip(SOP_LENGTH);
        }
        List<CodeBlock> contributing = new ArrayList<>();
        if (in.bit() == 1) {
            divide(style);
            for (PrecinctBand band : bands) {
                band.readHeader(in, layersRead, style, contributing);
            }
        }
        in.align();
        if (in.nextIs(EPH)) {
            in.skip(2);
        } else if (endMarked) {
            throw Codestream.malformed("a packet header does not end where it should", "no EPH");
        }
        for (CodeBlock block : contributing) {
            block.placeContribution(in);
        }
        layersRead++;
    }

    private void divide(BlockStyle style) {
        if (!bands.isEmpty()) {
            return;
        }
        bands = new ArrayList<>(3);
        // Only the lowest resolution has its precincts in the coordinates of its subband; the others have twice the
        // size there.
        int halving = resolution.index() == 0 ? 0 : 1;
        int shiftX = resolution.precinctShiftX() - halving;
        int shiftY = resolution.precinctShiftY() - halving;
        for (Subband band : resolution.bands()) {
            Area area = band.area().cell(column, row, shiftX, shiftY);
            if (!area.isEmpty()) {
                bands.add(new PrecinctBand(
                        band, area, Math.min(style.widthExponent(), shiftX), Math.min(style.heightExponent(), shiftY)));
            }
        }
    }
}
