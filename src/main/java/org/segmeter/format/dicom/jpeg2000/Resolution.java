package org.segmeter.format.dicom.jpeg2000;

import java.util.ArrayList;
import java.util.List;
import org.segmeter.volume.InputException;

/**
 * A resolution of a tile (T.800 B.5).
 *
 * @param index 0 for the lowest
 * @param reduction how often its size is halved with regard to the reference grid
 * @param bands LL, or HL, LH and HH
 * @param precinctShiftX exponent of the width of its precincts; {@code precinctShiftY} likewise
 */
record Resolution(int index, int reduction, Area area, List<Subband> bands, int precinctShiftX, int precinctShiftY) {

    /** The reversible wavelet adds at most four bits to the magnitude; some encoders do not leave out planes of zeros. */
    private static final int SLACK = 8;

    static List<Resolution> of(Area tile, Parameters parameters, int bits) throws InputException {
        BlockStyle style = parameters.style();
        Quantisation quantisation = parameters.quantisation();
        if (style.reversible() != (quantisation.style() == 0)) {
            throw Codestream.malformed(
                    "its quantisation does not suit its wavelet",
                    "%s wavelet, quantisation style %d"
                            .formatted(style.reversible() ? "reversible" : "irreversible", quantisation.style()));
        }
        int mostPlanes = style.reversible()
                ? Math.min(CodeBlockDecoder.MOST_PLANES, bits + SLACK + parameters.regionShift())
                : CodeBlockDecoder.MOST_PLANES;
        List<Resolution> resolutions = new ArrayList<>(style.levels() + 1);
        Area lower = new Area(0, 0, 0, 0);
        for (int r = 0; r <= style.levels(); r++) {
            int reduction = style.levels() - r;
            Area area = tile.reduced(reduction, 0, 0);
            List<Subband> bands = new ArrayList<>(3);
            for (int b = r == 0 ? 0 : 1; b <= (r == 0 ? 0 : 3); b++) {
                int highX = b & 1;
                int highY = b >> 1;
                int index = r == 0 ? 0 : 3 * r - 3 + b;
                int exponent = quantisation.exponent(index, Math.max(0, r - 1));
                int planes = quantisation.guardBits() + exponent - 1 + parameters.regionShift();
                double step = Math.scalb(quantisation.factor(index), bits + highX + highY - exponent);
                Area bandArea = r == 0 ? area : tile.reduced(reduction + 1, highX, highY);
                bands.add(new Subband(
                        bandArea,
                        highX,
                        highY,
                        highX * lower.width(),
                        highY * lower.height(),
                        planes,
                        mostPlanes,
                        (float) step));
            }
            resolutions.add(new Resolution(
                    r,
                    reduction,
                    area,
                    List.copyOf(bands),
                    style.precinctWidthExponent(r),
                    style.precinctHeightExponent(r)));
            lower = area;
        }
        return resolutions;
    }

    long precinctCount() {
        return area.isEmpty()
                ? 0
                : (long) (endColumn() - (area.x0() >> precinctShiftX)) * (endRow() - (area.y0() >> precinctShiftY));
    }

    private int endColumn() {
        return Area.ceil(area.x1(), precinctShiftX);
    }

    private int endRow() {
        return Area.ceil(area.y1(), precinctShiftY);
    }

    void addPrecincts(List<Precinct> all) {
        if (!area.isEmpty()) {
            for (int row = area.y0() >> precinctShiftY; row < endRow(); row++) {
                for (int column = area.x0() >> precinctShiftX; column < endColumn(); column++) {
                    all.add(new Precinct(this, column, row));
                }
            }
        }
    }
}
