package org.segmeter.format.dicom.jpeg2000;

import java.util.ArrayList;
import java.util.List;
import org.segmeter.volume.InputException;

/** Reads the main header and the headers of all tile-parts (T.800 annex A), and finds the packets. */
final class CodestreamParser {

    private static final int SOC = 0xFF4F;
    private static final int CAP = 0xFF50;
    private static final int SIZ = 0xFF51;
    private static final int COD = 0xFF52;
    private static final int COC = 0xFF53;
    private static final int TLM = 0xFF55;
    private static final int PLM = 0xFF57;
    private static final int PLT = 0xFF58;
    private static final int QCD = 0xFF5C;
    private static final int QCC = 0xFF5D;
    private static final int RGN = 0xFF5E;
    private static final int POC = 0xFF5F;
    private static final int PPM = 0xFF60;
    private static final int PPT = 0xFF61;
    private static final int CRG = 0xFF63;
    private static final int COM = 0xFF64;
    private static final int SOT = 0xFF90;
    private static final int SOD = 0xFF93;
    private static final int EOC = 0xFFD9;

    /** SOT segment and SOD. */
    private static final int SMALLEST_PART = 14;

    private final Codestream in;
    private final Parameters main = new Parameters();
    private final List<TileSource> tiles = new ArrayList<>();

    CodestreamParser(Codestream in) {
        this.in = in;
    }

    /** The tiles in the order of their indices, each of them complete as far as lengths tell. */
    List<TileSource> tiles() {
        return tiles;
    }

    ImageSize parse(int rows, int columns, int maximumBits, boolean signedToo) throws InputException {
        if (in.u16() != SOC || in.u16() != SIZ) {
            throw Codestream.malformed("it does not begin with SOC and SIZ", "other bytes");
        }
        int length = in.remaining();
        ImageSize size = ImageSize.read(in.segment(), rows, columns, maximumBits, signedToo);
        long tileCount = size.tilesAcross() * size.tilesDown();
        if (tileCount > 65535 || tileCount * SMALLEST_PART > length) {
            throw Codestream.malformed("it is too short for its tiles", tileCount + " tiles");
        }
        int marker = in.u16();
        while (marker != SOT) {
            readMainSegment(marker);
            marker = in.u16();
        }
        main.style();
        main.quantisation();
        for (int i = 0; i < tileCount; i++) {
            tiles.add(new TileSource(i, in.data(), main));
        }
        readTileParts();
        for (TileSource tile : tiles) {
            if (tile.partCount() == 0) {
                throw Codestream.malformed("a tile is missing", "no tile-part of tile " + tile.index());
            }
        }
        return size;
    }

    private void readMainSegment(int marker) throws InputException {
        switch (marker) {
            case TLM, PLM, CRG -> in.segment();
            case PPM -> throw Codestream.unsupported("packet headers in the main header", "PPM");
            case CAP -> throw Codestream.unsupported("extended capabilities", "CAP");
            default -> readSegment(marker, main, true);
        }
    }

    private void readSegment(int marker, Parameters target, boolean first) throws InputException {
        switch (marker) {
            case COD, COC, QCD, QCC -> {
                if (!first) {
                    throw Codestream.malformed(
                            "a later tile-part changes the coding style or quantisation",
                            "marker %04X".formatted(marker));
                }
                Codestream segment = in.segment();
                switch (marker) {
                    case COD -> target.readCod(segment);
                    case COC -> target.readCoc(segment);
                    case QCD -> target.readQcd(segment);
                    default -> target.readQcc(segment);
                }
            }
            case RGN -> target.readRgn(in.segment());
            case POC -> target.readPoc(in.segment());
            case COM -> in.segment();
            default -> throw Codestream.malformed("an unexpected marker", "marker %04X".formatted(marker));
        }
    }

    /** From behind the first SOT marker to the end. EOC may be missing: lengths alone tell whether all packets are there. */
    private void readTileParts() throws InputException {
        boolean more = true;
        while (more) {
            int start = in.position() - 2;
            int available = in.remaining() + 2;
            Codestream sot = in.segment();
            int index = sot.u16();
            long length = sot.u32();
            int part = sot.u8();
            sot.u8();
            if (sot.remaining() != 0 || index >= tiles.size()) {
                throw Codestream.malformed("a tile-part belongs to no tile", "tile " + index);
            }
            if (length != 0 && (length < SMALLEST_PART || length > available)) {
                throw Codestream.malformed("a tile-part is longer than what is left", length + " bytes");
            }
            TileSource tile = tiles.get(index);
            if (part != tile.partCount()) {
                throw Codestream.malformed("the tile-parts of a tile are not in order", "tile-part " + part);
            }
            readTilePartHeader(tile);
            int from = in.position();
            int to = length == 0 ? endOfLastPart() : start + (int) length;
            if (to < from) {
                throw Codestream.malformed("a tile-part is shorter than its header", length + " bytes");
            }
            tile.addPart(from, to);
            in.skip(to - from);
            int next = in.remaining() < 2 ? EOC : in.u16();
            if (next != SOT && next != EOC) {
                throw Codestream.malformed("a tile-part is followed by none", "marker %04X".formatted(next));
            }
            more = next == SOT;
        }
    }

    private void readTilePartHeader(TileSource tile) throws InputException {
        int marker = in.u16();
        while (marker != SOD) {
            switch (marker) {
                case PLT -> in.segment();
                case PPT -> throw Codestream.unsupported("packet headers in a tile-part header", "PPT");
                default -> readSegment(marker, tile.parameters(), tile.partCount() == 0);
            }
            marker = in.u16();
        }
    }

    /** The last tile-part may leave its length open and then goes on to EOC (A.4.2), a value that packets never contain. */
    private int endOfLastPart() {
        byte[] data = in.data();
        int end = in.position() + in.remaining();
        for (int i = in.position(); i + 1 < end; i++) {
            if (data[i] == (byte) (EOC >> 8) && data[i + 1] == (byte) EOC) {
                return i;
            }
        }
        return end;
    }
}
