package org.segmeter.format.dicom.jpeg2000;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.segmeter.volume.InputException;

/** One tile: from its packets to its samples. */
final class TileDecoder {

    /**
     * Packets can say in very few bits that they contribute to none of very many code-blocks, once per layer. For each sample and
     * each byte so many code-blocks may be visited, which hundreds of layers of the smallest code-blocks do not need.
     */
    private static final int VISITS = 16;

    private final ImageSize size;
    private final Area tile;
    private final TileSource source;
    private final Parameters parameters;
    private long visits;

    TileDecoder(ImageSize size, TileSource source) {
        this.size = size;
        this.source = source;
        tile = size.tile(source.index());
        parameters = source.parameters();
    }

    /** @param samples of the whole image, of which this tile's are filled in */
    void decode(short[] samples) throws InputException {
        List<Resolution> resolutions = Resolution.of(tile, parameters, size.bits());
        long count = 0;
        for (Resolution resolution : resolutions) {
            count += resolution.precinctCount();
        }
        // Each packet has at least one byte; so nothing is allocated for precincts that cannot be there.
        if (count > source.length()) {
            throw PacketBits.ended();
        }
        List<Precinct> precincts = new ArrayList<>((int) count);
        for (Resolution resolution : resolutions) {
            resolution.addPrecincts(precincts);
        }
        byte[] packets = source.packets();
        readPackets(packets, precincts);
        if (parameters.style().reversible()) {
            writeReversible(packets, resolutions, precincts, samples);
        } else {
            writeIrreversible(packets, resolutions, precincts, samples);
        }
    }

    private void readPackets(byte[] packets, List<Precinct> precincts) throws InputException {
        PacketBits in = new PacketBits(packets);
        for (Progression progression : parameters.progressions()) {
            readPackets(in, progression, precincts);
        }
        for (Precinct precinct : precincts) {
            if (precinct.layersRead() < parameters.layers()) {
                throw Codestream.malformed(
                        "its progressions leave packets out",
                        "%d of %d layers".formatted(precinct.layersRead(), parameters.layers()));
            }
        }
        if (in.remaining() > 0) {
            throw Codestream.malformed("a tile goes on behind its packets", in.remaining() + " bytes");
        }
    }

    private void readPacket(PacketBits in, Precinct precinct) throws InputException {
        precinct.readPacket(in, parameters.style(), parameters.endOfPacketHeaders());
        visits += precinct.blockCount();
        if (visits > VISITS * ((long) tile.width() * tile.height() + source.length())) {
            throw Codestream.unsupported("very many layers of very small code-blocks", parameters.layers() + " layers");
        }
    }

    private void readPackets(PacketBits in, Progression progression, List<Precinct> all) throws InputException {
        int endLayer = Math.min(progression.endLayer(), parameters.layers());
        List<Precinct> precincts = new ArrayList<>();
        for (Precinct precinct : all) {
            int r = precinct.resolution();
            if (r >= progression.firstResolution() && r < progression.endResolution()) {
                precincts.add(precinct);
            }
        }
        if (progression.order() == Progression.LAYER_RESOLUTION) {
            // Every visit is that of a packet which has been or is read now, so that the bytes bound the time.
            for (int layer = 0; layer < endLayer && !precincts.isEmpty(); layer++) {
                for (Precinct precinct : precincts) {
                    if (precinct.layersRead() <= layer) {
                        readPacket(in, precinct);
                    }
                }
            }
        } else if (progression.order() == Progression.RESOLUTION_LAYER) {
            int from = 0;
            while (from < precincts.size()) {
                int to = from;
                while (to < precincts.size()
                        && precincts.get(to).resolution() == precincts.get(from).resolution()) {
                    to++;
                }
                for (int layer = 0; layer < endLayer; layer++) {
                    for (Precinct precinct : precincts.subList(from, to)) {
                        if (precinct.layersRead() <= layer) {
                            readPacket(in, precinct);
                        }
                    }
                }
                from = to;
            }
        } else {
            precincts.sort(byPosition(progression.order()));
            for (Precinct precinct : precincts) {
                while (precinct.layersRead() < endLayer) {
                    readPacket(in, precinct);
                }
            }
        }
    }

    /** RPCL; PCRL and CPRL, which are the same for one component. */
    private Comparator<Precinct> byPosition(int order) {
        Comparator<Precinct> down = Comparator.comparingLong(p -> p.y(tile));
        Comparator<Precinct> position = down.thenComparingLong(p -> p.x(tile));
        Comparator<Precinct> resolution = Comparator.comparingInt(Precinct::resolution);
        return order == Progression.RESOLUTION_POSITION
                ? resolution.thenComparing(position)
                : position.thenComparing(resolution);
    }

    private void writeReversible(
            byte[] packets, List<Resolution> resolutions, List<Precinct> precincts, short[] samples)
            throws InputException {
        int width = tile.width();
        int[] coefficients = new int[width * tile.height()];
        decodeBlocks(packets, precincts, (block, band, origin) -> block.copyReversible(coefficients, origin, width));
        InverseWavelet.reversible(resolutions, coefficients, width);
        write(i -> coefficients[i], samples);
    }

    private void writeIrreversible(
            byte[] packets, List<Resolution> resolutions, List<Precinct> precincts, short[] samples)
            throws InputException {
        int width = tile.width();
        float[] coefficients = new float[width * tile.height()];
        decodeBlocks(
                packets,
                precincts,
                (block, band, origin) -> block.copyIrreversible(coefficients, origin, width, band.step()));
        InverseWavelet.irreversible(resolutions, coefficients, width);
        write(i -> Math.round(coefficients[i]), samples);
    }

    /** Takes a decoded code-block to where it belongs in the coefficients of the tile. */
    private interface Destination {
        void copy(CodeBlockDecoder block, Subband band, int origin);
    }

    private void decodeBlocks(byte[] packets, List<Precinct> precincts, Destination destination) throws InputException {
        CodeBlockDecoder decoder = new CodeBlockDecoder(parameters.style(), parameters.regionShift());
        for (Precinct precinct : precincts) {
            for (PrecinctBand part : precinct.bands()) {
                for (int i = 0; i < part.blockCount(); i++) {
                    CodeBlock block = part.block(i);
                    if (block != null) {
                        Area area = part.blockArea(i);
                        decoder.decode(block, packets, area.width(), area.height(), part.band());
                        destination.copy(decoder, part.band(), origin(part.band(), area));
                    }
                }
            }
        }
    }

    /** Undoes the level shift (G.1), which only unsigned samples have, and limits to the range of the samples, which lossy ones and those of damaged streams leave. */
    private void write(IntUnaryOperator values, short[] samples) {
        int half = 1 << size.bits() - 1;
        int shift = size.signed() ? 0 : half;
        int i = 0;
        for (int y = tile.y0(); y < tile.y1(); y++) {
            int to = (y - size.y0()) * size.width() + tile.x0() - size.x0();
            for (int x = 0; x < tile.width(); x++) {
                samples[to + x] = (short) (Math.clamp(values.applyAsInt(i++), -half, half - 1) + shift);
            }
        }
    }

    private int origin(Subband band, Area block) {
        int x = band.originX() + block.x0() - band.area().x0();
        int y = band.originY() + block.y0() - band.area().y0();
        return y * tile.width() + x;
    }
}
