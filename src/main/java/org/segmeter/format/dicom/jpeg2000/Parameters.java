package org.segmeter.format.dicom.jpeg2000;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.InputException;

/**
 * The functional marker segments of the main header, or of a tile, which begins with those of the main header. Within a header
 * what is said of the component (COC, QCC) has precedence over what is said of all (COD, QCD), and a tile's header has precedence
 * over the main header (T.800 A.6.1 to A.6.5).
 */
final class Parameters {

    /** Every change of progression may visit all packets again, so that their number bounds the time. */
    private static final int MOST_PROGRESSIONS = 64;

    private boolean endOfPacketHeaders;
    private int order;
    private int layers;
    private @Nullable BlockStyle style;
    private boolean styleOfComponent;
    private @Nullable Quantisation quantisation;
    private boolean quantisationOfComponent;
    private int regionShift;
    private List<Progression> changes = List.of();
    private boolean ownChanges;

    Parameters() {}

    Parameters(Parameters main) {
        endOfPacketHeaders = main.endOfPacketHeaders;
        order = main.order;
        layers = main.layers;
        style = main.style;
        quantisation = main.quantisation;
        regionShift = main.regionShift;
        changes = main.changes;
    }

    void readCod(Codestream in) throws InputException {
        int coding = in.u8();
        order = Progression.order(in.u8());
        layers = in.u16();
        in.u8();
        if (layers == 0) {
            throw Codestream.malformed("it has no layer", "0 layers");
        }
        endOfPacketHeaders = (coding & 4) != 0;
        BlockStyle all = BlockStyle.read(in, (coding & 1) != 0);
        if (!styleOfComponent) {
            style = all;
        }
    }

    void readCoc(Codestream in) throws InputException {
        requireFirstComponent(in);
        style = BlockStyle.read(in, (in.u8() & 1) != 0);
        styleOfComponent = true;
    }

    void readQcd(Codestream in) throws InputException {
        Quantisation all = Quantisation.read(in);
        if (!quantisationOfComponent) {
            quantisation = all;
        }
    }

    void readQcc(Codestream in) throws InputException {
        requireFirstComponent(in);
        quantisation = Quantisation.read(in);
        quantisationOfComponent = true;
    }

    void readRgn(Codestream in) throws InputException {
        requireFirstComponent(in);
        int kind = in.u8();
        if (kind != 0) {
            throw Codestream.unsupported("a region of interest of another kind than maximum shift", "Srgn " + kind);
        }
        regionShift = in.u8();
    }

    void readPoc(Codestream in) throws InputException {
        List<Progression> all = ownChanges ? new ArrayList<>(changes) : new ArrayList<>();
        while (in.remaining() > 0) {
            all.add(Progression.read(in));
            if (all.size() > MOST_PROGRESSIONS) {
                throw Codestream.unsupported(
                        "very many changes of progression", "more than " + MOST_PROGRESSIONS + " changes");
            }
        }
        changes = List.copyOf(all);
        ownChanges = true;
    }

    private static void requireFirstComponent(Codestream in) throws InputException {
        int component = in.u8();
        if (component != 0) {
            throw Codestream.malformed("it speaks of a component that it has not", "component " + component);
        }
    }

    boolean endOfPacketHeaders() {
        return endOfPacketHeaders;
    }

    int layers() {
        return layers;
    }

    int regionShift() {
        return regionShift;
    }

    BlockStyle style() throws InputException {
        if (style == null || layers == 0) {
            throw Codestream.malformed("it does not say its coding style", "no COD");
        }
        return style;
    }

    Quantisation quantisation() throws InputException {
        if (quantisation == null) {
            throw Codestream.malformed("it does not say its quantisation", "no QCD");
        }
        return quantisation;
    }

    List<Progression> progressions() {
        return changes.isEmpty() ? List.of(new Progression(order, 0, 33, layers)) : changes;
    }
}
