package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.lang.ref.SoftReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Evaluation;
import org.segmeter.evaluation.Evaluations;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.evaluation.StoredImages;
import org.segmeter.evaluation.StoredMasks;
import org.segmeter.evaluation.Unreadable;
import org.segmeter.metric.distance.BoundaryDistances;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.slice.IndexedPng;
import org.segmeter.metric.slice.Plane;
import org.segmeter.metric.slice.SlicePicture;
import org.segmeter.metric.slice.SliceSeries;
import org.segmeter.metric.slice.SliceView;
import org.segmeter.scoring.EngineVersion;
import org.segmeter.scoring.PairMasks;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Segment;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code /api/v1/evaluations/{id}/slices} and {@code .../overlay.png}: the voxels of both sides, slice by slice, from the stored inputs.
 *
 * <p>Pictures are laid out as radiology does ({@link Plane}, {@link SliceView}): the patient's left on the right of axial and coronal
 * pictures. They have square pixels, so that the body keeps its proportions however thick the slices are.
 */
@RestController
@RequestMapping("/api/v1/evaluations/{id}")
final class SliceController {

    /** Black, then light grey for what agrees; orange and blue for what does not: a pair that every kind of colour vision tells apart. */
    static final int[] OVERLAY = {0x000000, 0xc9d1d6, 0xe69f00, 0x3b9bea};

    /** The longest side of a picture, in pixels. */
    private static final int LONGEST = 4096;

    private static final int MOST_PIXELS_PER_VOXEL = 16;
    private static final double DEFAULT_SCALE_MM = 10;
    private static final int[] DISTANCES = distanceColours();
    private static final Set<String> PARAMETERS =
            Set.of("plane", "segment", "entry", "index", "layer", "scale", "scaleMm", "background");

    private static final Set<String> IMAGE_PARAMETERS = Set.of("plane", "index", "level", "width");
    private static final int[] GREYS = java.util.stream.IntStream.range(0, 256)
            .map(grey -> grey * 0x010101)
            .toArray();

    private static final int MOST_SURFACES = 4;

    private final ConcurrentLinkedDeque<SoftReference<Surfaces>> surfaces = new ConcurrentLinkedDeque<>();
    private final Evaluations evaluations;
    private final StoredMasks masks;
    private final StoredImages images;
    private final WebSettings settings;
    private final JsonMapper json;

    SliceController(
            Evaluations evaluations, StoredMasks masks, StoredImages images, WebSettings settings, JsonMapper json) {
        this.evaluations = evaluations;
        this.masks = masks;
        this.images = images;
        this.settings = settings;
        this.json = json;
    }

    @GetMapping("/slices")
    ResponseEntity<byte[]> slices(@PathVariable("id") String id, HttpServletRequest http) throws InterruptedException {
        Evaluation evaluation = find(id);
        Asked asked = Asked.of(http);
        return unlessKnown(http, tag(evaluation, "slices", asked), MediaType.APPLICATION_JSON, () -> {
            PairMasks pair = read(evaluation);
            return json.writeValueAsString(document(evaluation.id(), pair, asked))
                    .getBytes(StandardCharsets.UTF_8);
        });
    }

    @GetMapping("/overlay.png")
    ResponseEntity<byte[]> overlay(@PathVariable("id") String id, HttpServletRequest http) throws InterruptedException {
        Evaluation evaluation = find(id);
        Asked asked = Asked.of(http);
        return unlessKnown(
                http,
                tag(evaluation, "overlay", asked),
                MediaType.IMAGE_PNG,
                () -> picture(evaluation.id(), read(evaluation), asked));
    }

    @GetMapping("/image")
    ResponseEntity<byte[]> image(@PathVariable("id") String id) {
        Evaluation evaluation = find(id);
        StoredImages.Shown shown = shown(evaluation);
        Grid grid = shown.image().grid();
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("id", evaluation.id().toString());
        body.put("voxels", List.of(grid.nx(), grid.ny(), grid.nz()));
        body.put("spacingMm", List.of(grid.spacing(0), grid.spacing(1), grid.spacing(2)));
        body.put("least", shown.least());
        body.put("most", shown.most());
        body.put("window", Map.of("level", shown.level(), "width", shown.width()));
        return ResponseEntity.ok()
                .header(HttpHeaders.CACHE_CONTROL, "private, no-cache")
                .contentType(MediaType.APPLICATION_JSON)
                .body(json.writeValueAsString(body).getBytes(StandardCharsets.UTF_8));
    }

    @GetMapping("/image.png")
    ResponseEntity<byte[]> imageSlice(@PathVariable("id") String id, HttpServletRequest http) {
        Evaluation evaluation = find(id);
        Asked asked = Asked.of(http, IMAGE_PARAMETERS);
        Integer index = asked.index();
        if (index == null) {
            throw invalid("index", "is the number of a slice");
        }
        Double level = number(http, "level", -1e9);
        Double width = number(http, "width", Double.MIN_NORMAL);
        return unlessKnown(http, tag(evaluation, "image-" + level + "-" + width, asked), MediaType.IMAGE_PNG, () -> {
            SliceView view = SliceView.of(read(evaluation).grid(), asked.plane());
            if (index >= view.slices()) {
                throw invalid("index", "is 0 to " + (view.slices() - 1) + " in this plane");
            }
            StoredImages.Shown shown = shown(evaluation);
            return IndexedPng.write(
                    SlicePicture.image(
                            shown.image(),
                            view,
                            index,
                            level == null ? shown.level() : level,
                            width == null ? shown.width() : width),
                    GREYS);
        });
    }

    private static @Nullable Double number(HttpServletRequest http, String name, double least) {
        String text = http.getParameter(name);
        if (text == null) {
            return null;
        }
        try {
            double value = Double.parseDouble(text);
            if (value >= least && value <= 1e9) {
                return value;
            }
        } catch (NumberFormatException e) {
            // falls through to the refusal
        }
        throw invalid(name, least < 0 ? "is a number" : "is a number above 0");
    }

    private StoredImages.Shown shown(Evaluation evaluation) {
        try {
            return switch (images.of(evaluation, settings.maxWait())) {
                case StoredImages.Outcome.Ready ready -> ready.image();
                case StoredImages.Outcome.None none ->
                    throw new ProblemException(
                            ServiceProblem.IMAGE_NOT_FOUND,
                            "No image was sent with this evaluation, and no source of the configuration has one.");
                case StoredImages.Outcome.Failed failed ->
                    throw new ProblemException(Problem.of(ServiceProblem.SOURCE_FAILED, failed.reason())
                            .about(evaluation.id()));
                case Unreadable why ->
                    throw EvaluationController.unreadable(
                            evaluation,
                            why,
                            "The image is no longer kept, as the other inputs.",
                            "The store no longer has the image as it was received.",
                            "The image could not be read now; try again later.");
            };
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ProblemException(ServiceProblem.UNAVAILABLE, "The service is ending.");
        }
    }

    private Map<String, Object> document(UUID id, PairMasks pair, Asked asked) {
        Chosen chosen = chosen(pair, asked);
        SliceView view = SliceView.of(pair.grid(), asked.plane());
        SliceSeries series = SliceSeries.of(chosen.prediction(), chosen.reference(), view.axis());
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("id", id.toString());
        body.put("plane", asked.plane().word());
        if (chosen.segment() != null) {
            body.put(
                    "segment",
                    Map.of(
                            "number",
                            chosen.segment().number(),
                            "label",
                            chosen.segment().label()));
            body.put("entry", chosen.entry());
        }
        body.put("axis", "xyz".substring(view.axis(), view.axis() + 1));
        body.put("sliceCount", view.slices());
        body.put("columns", view.columns());
        body.put("rows", view.rows());
        Map<String, Object> spacing = new LinkedHashMap<>();
        spacing.put("column", view.columnSpacing());
        spacing.put("row", view.rowSpacing());
        spacing.put("slice", pair.grid().spacing(view.axis()));
        body.put("spacingMm", spacing);
        String[] edges = view.edges();
        Map<String, String> sides = new LinkedHashMap<>();
        sides.put("left", edges[0]);
        sides.put("right", edges[1]);
        sides.put("top", edges[2]);
        sides.put("bottom", edges[3]);
        body.put("edges", sides);
        body.put("obliqueDegrees", view.obliqueDegrees());
        body.put("ascending", view.ascending());
        body.put("worst", series.worst().map(SliceSeries.Slice::index).orElse(null));
        double area = areaMm2(pair.grid(), view);
        List<Map<String, Object>> list = new ArrayList<>();
        for (SliceSeries.Slice slice : series.slices()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("index", slice.index());
            one.put("positionMm", view.positionMm(slice.index()));
            one.put("dice", slice.dice());
            one.put("tp", slice.tp());
            one.put("fp", slice.fp());
            one.put("fn", slice.fn());
            one.put("predictionMm2", (slice.tp() + slice.fp()) * area);
            one.put("referenceMm2", (slice.tp() + slice.fn()) * area);
            list.add(one);
        }
        body.put("slices", list);
        return body;
    }

    /** Of one voxel in the plane, exact for sheared grids too. */
    private static double areaMm2(Grid grid, SliceView view) {
        double[] a = grid.indexToPatient().step(view.columnAxis());
        double[] b = grid.indexToPatient().step(view.rowAxis());
        double x = a[1] * b[2] - a[2] * b[1];
        double y = a[2] * b[0] - a[0] * b[2];
        double z = a[0] * b[1] - a[1] * b[0];
        return Math.sqrt(x * x + y * y + z * z);
    }

    private byte[] picture(UUID id, PairMasks pair, Asked asked) {
        Chosen chosen = chosen(pair, asked);
        SliceView view = SliceView.of(pair.grid(), asked.plane());
        int slice = slice(chosen, view, asked);
        SlicePicture picture;
        int[] palette;
        if (asked.distances()) {
            Spacing spacing = Spacing.of(pair.grid())
                    .orElseThrow(() -> new ProblemException(Problem.of(
                                    ServiceProblem.INVALID_PARAMETER,
                                    "The axes of this grid are not at right angles, so that distances cannot be shown.")
                            .with("parameter", "layer")
                            .about(id)));
            picture = SlicePicture.distances(
                    chosen.prediction(), chosen.reference(), distances(chosen, spacing), view, slice, asked.scaleMm());
            palette = DISTANCES;
        } else {
            picture = SlicePicture.overlay(chosen.prediction(), chosen.reference(), view, slice);
            palette = OVERLAY;
        }
        return IndexedPng.write(scaled(picture, view, asked), palette, asked.seeThrough());
    }

    /** Surfaces in which distances are looked up; of the segments that were looked at last. */
    private record Surfaces(BitMask prediction, BitMask reference, BoundaryDistances distances) {}

    /** Whoever looks at one slice looks at the next; the surfaces of a large organ take longer to find than a slice to draw. */
    private BoundaryDistances distances(Chosen chosen, Spacing spacing) {
        for (SoftReference<Surfaces> kept : surfaces) {
            Surfaces known = kept.get();
            if (known != null && known.prediction == chosen.prediction() && known.reference == chosen.reference()) {
                return known.distances;
            }
        }
        BoundaryDistances made = BoundaryDistances.between(chosen.prediction(), chosen.reference(), spacing);
        surfaces.addFirst(new SoftReference<>(new Surfaces(chosen.prediction(), chosen.reference(), made)));
        while (surfaces.size() > MOST_SURFACES) {
            surfaces.pollLast();
        }
        return made;
    }

    private static SlicePicture scaled(SlicePicture picture, SliceView view, Asked asked) {
        if (asked.voxels()) {
            return picture;
        }
        double finest = Math.min(view.columnSpacing(), view.rowSpacing());
        double longest =
                Math.max(picture.columns() * view.columnSpacing(), picture.rows() * view.rowSpacing()) / finest;
        if (longest > LONGEST) {
            throw invalid("scale", "is voxel for this slice: it is longer than " + LONGEST + " pixels");
        }
        int most = Math.max(1, (int) (LONGEST / longest));
        int scale = asked.scale() > 0 ? asked.scale() : Math.clamp((int) (512 / longest), 1, MOST_PIXELS_PER_VOXEL);
        if (scale > most) {
            throw invalid("scale", "is at most " + most + " for this slice");
        }
        return picture.magnified(view.columnSpacing(), view.rowSpacing(), scale);
    }

    private static int slice(Chosen chosen, SliceView view, Asked asked) {
        Integer index = asked.index();
        if (index != null) {
            if (index >= view.slices()) {
                throw invalid("index", "is 0 to " + (view.slices() - 1) + " in this plane, or auto");
            }
            return index;
        }
        return SliceSeries.of(chosen.prediction(), chosen.reference(), view.axis())
                .worst()
                .map(SliceSeries.Slice::index)
                .orElse(view.slices() / 2);
    }

    /** The masks that are looked at. @param segment null for all segments together */
    private record Chosen(int entry, @Nullable Segment segment, BitMask prediction, BitMask reference) {}

    private static Chosen chosen(PairMasks pair, Asked asked) {
        Integer at = asked.entry();
        if (at == null && asked.segment() == null) {
            return new Chosen(-1, null, pair.prediction(), pair.reference());
        }
        if (at == null) {
            at = position(pair, Objects.requireNonNull(asked.segment()));
        } else if (at >= pair.entries().size()) {
            throw invalid(
                    "entry",
                    "is a place among the scorecard's segments, 0 to "
                            + (pair.entries().size() - 1));
        }
        PairMasks.Entry entry = pair.entries().get(at);
        return new Chosen(
                at,
                entry.segment(),
                entry.prediction().toBitMask(),
                entry.reference().toBitMask());
    }

    private static int position(PairMasks pair, String name) {
        List<Integer> found = new ArrayList<>();
        for (int i = 0; i < pair.entries().size(); i++) {
            Segment segment = pair.entries().get(i).segment();
            if (Integer.toString(segment.number()).equals(name)
                    || segment.label().equals(name)) {
                found.add(i);
            }
        }
        if (found.isEmpty()) {
            throw invalid("segment", "is the number or label of a segment of the scorecard");
        }
        if (found.size() > 1) {
            throw invalid(
                    "segment",
                    "names more than one segment here; say its place among the scorecard's segments with the"
                            + " parameter 'entry'");
        }
        return found.getFirst();
    }

    private PairMasks read(Evaluation evaluation) {
        try {
            return switch (masks.of(evaluation.id(), settings.maxWait())) {
                case StoredMasks.Outcome.Ready ready -> ready.masks();
                case StoredMasks.Outcome.NoScorecard none -> throw EvaluationController.noScorecard(evaluation);
                case Unreadable why ->
                    throw EvaluationController.unreadable(
                            evaluation,
                            why,
                            "Slices are made from the inputs, which are no longer kept.",
                            EvaluationController.INPUTS_LOST,
                            "The inputs could not be read now; try again later.");
            };
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ProblemException(ServiceProblem.UNAVAILABLE, "The service is ending.");
        }
    }

    private Evaluation find(String id) {
        return evaluations.find(EvaluationController.id(id)).orElseThrow(EvaluationController::absent);
    }

    /** The same scorecard, engine and question have the same answer for ever. */
    private static String tag(Evaluation evaluation, String kind, Asked asked) {
        return "\"" + evaluation.id() + "-" + kind + "-"
                + EngineVersion.current().commit() + "-"
                + UUID.nameUUIDFromBytes(asked.toString().getBytes(StandardCharsets.UTF_8)) + "\"";
    }

    private static ResponseEntity<byte[]> unlessKnown(
            HttpServletRequest http, String tag, MediaType type, Supplier<byte[]> content) {
        return Tagged.unlessKnown(
                http,
                tag,
                () -> ResponseEntity.ok()
                        .header(HttpHeaders.ETAG, tag)
                        .header(HttpHeaders.CACHE_CONTROL, Tagged.ASK_AGAIN)
                        .contentType(type)
                        .body(content.get()));
    }

    /**
     * The question as it was asked.
     *
     * @param segment number or label; null and no entry: all together
     * @param entry place among the scorecard's segments
     * @param index of the slice; null for the worst one
     * @param distances the layer of distances instead of the overlay
     * @param voxels one pixel for each voxel instead of square pixels
     * @param scale pixels per voxel along its finer side; 0: such that the picture has some 512 pixels
     * @param scaleMm where the colours of distances end
     * @param seeThrough nothing instead of black where neither side is
     */
    private record Asked(
            Plane plane,
            @Nullable String segment,
            @Nullable Integer entry,
            @Nullable Integer index,
            boolean distances,
            boolean voxels,
            int scale,
            double scaleMm,
            boolean seeThrough) {

        static Asked of(HttpServletRequest http) {
            return of(http, PARAMETERS);
        }

        static Asked of(HttpServletRequest http, Set<String> known) {
            http.getParameterMap().forEach((name, values) -> {
                if (!known.contains(name)) {
                    throw invalid(
                            name.matches("[A-Za-z0-9_.-]{1,40}") ? name : "?",
                            "is not known; there are " + String.join(", ", new java.util.TreeSet<>(known)));
                }
                if (values.length != 1) {
                    throw invalid(name, "is there more than once");
                }
            });
            String word = http.getParameter("plane");
            Plane plane = word == null
                    ? Plane.AXIAL
                    : Plane.of(word).orElseThrow(() -> invalid("plane", "is axial, coronal or sagittal"));
            String segment = http.getParameter("segment");
            if (segment != null && (segment.isEmpty() || segment.length() > 200)) {
                throw invalid("segment", "has 1 to 200 characters");
            }
            String entry = http.getParameter("entry");
            String index = http.getParameter("index");
            String scale = http.getParameter("scale");
            String layer = http.getParameter("layer");
            if (layer != null && !layer.equals("overlay") && !layer.equals("distance")) {
                throw invalid("layer", "is overlay or distance");
            }
            String background = http.getParameter("background");
            if (background != null && !background.equals("black") && !background.equals("none")) {
                throw invalid("background", "is black or none");
            }
            String end = http.getParameter("scaleMm");
            boolean voxels = "voxel".equals(scale);
            return new Asked(
                    plane,
                    segment == null || segment.equals("all") ? null : segment,
                    entry == null ? null : (Integer) whole("entry", entry, 0, 1_000_000),
                    index == null || index.equals("auto") ? null : (Integer) whole("index", index, 0, 1_000_000_000),
                    "distance".equals(layer),
                    voxels,
                    scale == null || voxels ? 0 : whole("scale", scale, 1, MOST_PIXELS_PER_VOXEL),
                    end == null ? DEFAULT_SCALE_MM : millimetres(end),
                    "none".equals(background));
        }

        private static int whole(String name, String text, int least, int most) {
            try {
                int value = Integer.parseInt(text);
                if (value >= least && value <= most) {
                    return value;
                }
            } catch (NumberFormatException e) {
                // falls through to the refusal
            }
            throw invalid(name, "is a number from " + least + " to " + most);
        }

        private static double millimetres(String text) {
            try {
                double value = Double.parseDouble(text);
                if (value > 0 && value <= 10_000) {
                    return value;
                }
            } catch (NumberFormatException e) {
                // falls through to the refusal
            }
            throw invalid("scaleMm", "is a distance in mm above 0 and up to 10000");
        }
    }

    private static ProblemException invalid(String parameter, String rule) {
        return new ProblemException(Problem.of(
                        ServiceProblem.INVALID_PARAMETER,
                        String.format(Locale.ROOT, "The parameter '%s' %s.", parameter, rule))
                .with("parameter", parameter));
    }

    /**
     * Black, dark grey for the inside of both sides, then from dark blue over green to yellow by distance: equal steps of it are equal
     * steps of lightness, so that it is read without seeing hues. Interpolated between colours of the map viridis of van der Walt and Smith
     * (2015), placed in the public domain.
     */
    private static int[] distanceColours() {
        int[] anchors = {0x443983, 0x3b528b, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b, 0xfde725};
        int[] palette = new int[256];
        palette[SlicePicture.INSIDE] = 0x2b2f33;
        int first = SlicePicture.NEAREST;
        int steps = 255 - first;
        for (int i = 0; i <= steps; i++) {
            double at = (double) i / steps * (anchors.length - 1);
            int left = Math.min((int) at, anchors.length - 2);
            double part = at - left;
            int colour = 0;
            for (int shift = 16; shift >= 0; shift -= 8) {
                double a = anchors[left] >> shift & 255;
                double b = anchors[left + 1] >> shift & 255;
                colour |= (int) Math.round(a + (b - a) * part) << shift;
            }
            palette[first + i] = colour;
        }
        return palette;
    }
}
