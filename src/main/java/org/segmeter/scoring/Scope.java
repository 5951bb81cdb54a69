package org.segmeter.scoring;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What of a volume is scored, as a request or a protocol declares it: voxels that are left out, the part that the reference was drawn
 * in, and sets of segments that are scored as one.
 *
 * <pre>{@code
 * { "ignore": 255 | "Ignore" | [255, {"label": "Unsure"}] | {"reference": [...], "prediction": [...]},
 *   "extent": {"kind": "box", "from": [0, 0, 10], "to": [511, 511, 80]} | [{"segments": ["Aorta"], "kind": "range", "axis": "axial"}, ...],
 *   "regions": {"WT": [1, 2, 3], "TC": [1, {"region": "ET"}], "ET": [3]} }
 * }</pre>
 *
 * @param ignore null if nothing is declared
 * @param extents null if nothing is declared; the first whose segments fit counts
 * @param regions null if nothing is declared
 */
public record Scope(
        @Nullable Ignore ignore,
        @Nullable List<ExtentOf> extents,
        @Nullable List<Region> regions) {

    /** Nothing declared: the whole volume, every segment by itself. */
    public static final Scope NONE = new Scope(null, null, null);

    public Scope {
        extents = extents == null ? null : List.copyOf(extents);
        regions = regions == null ? null : List.copyOf(regions);
    }

    /**
     * Segments that mark voxels about which nothing is said. They are no segments of their own.
     *
     * @param reference of the reference, as nnU-Net's ignore label
     * @param prediction of the prediction
     */
    public record Ignore(List<SegmentSelector> reference, List<SegmentSelector> prediction) {
        public Ignore {
            reference = List.copyOf(reference);
            prediction = List.copyOf(prediction);
        }
    }

    /**
     * An extent, and which segments it is for.
     *
     * @param segments as the scorecard names them; empty for all
     */
    public record ExtentOf(List<SegmentSelector> segments, Extent extent) {
        public ExtentOf {
            segments = List.copyOf(segments);
        }
    }

    /**
     * A set of segments that is scored as one.
     *
     * @param name its label in the scorecard, unique
     * @param segments as the scorecard names them
     * @param regions names of others whose segments belong to it too
     */
    public record Region(String name, List<SegmentSelector> segments, List<String> regions) {
        public Region {
            segments = List.copyOf(segments);
            regions = List.copyOf(regions);
        }
    }

    /** This scope, and what it does not declare from another. */
    Scope orElse(Scope other) {
        return new Scope(
                ignore != null ? ignore : other.ignore,
                extents != null ? extents : other.extents,
                regions != null ? regions : other.regions);
    }
}
