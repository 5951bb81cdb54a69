package org.segmeter.format.dicom;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.ReadOptions;
import org.segmeter.volume.Affine;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.IntensityVolume;

/**
 * The images of one series as one volume to look at: CT, MR, PET and whatever else has one grey value for each pixel and a place in the
 * patient, one image an object (PS3.3 C.7.6.2) or many (C.7.6.16).
 *
 * <p>Slices may be tilted against their stack, as with a tilted gantry: then the axes of the grid are not perpendicular. Values are
 * rescaled (C.11.1, C.7.6.16.2.9), slice by slice where the series says so; the window is the first that the middle slice names (C.11.2).
 */
final class ImageSeries {

    private static final double UNIT_TOLERANCE = 1e-2;
    private static final double PERPENDICULAR_TOLERANCE = 1e-3;
    private static final double SMALLEST_SPACING = 1e-5;
    private static final double LARGEST_SPACING = 1e4;
    private static final double FARTHEST = 1e7;

    /** Slices may be this much off the line through their stack, in pixels: a picture does not show less. */
    private static final double MOST_OFF = 0.5;

    private static final int STEPS = (1 << 16) - 1;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final Selection SELECTION = Selection.OF_FRAMES.and(
            new int[] {
                Tag.IMAGE_TYPE,
                Tag.PHOTOMETRIC_INTERPRETATION,
                Tag.HIGH_BIT,
                Tag.WINDOW_CENTER,
                Tag.WINDOW_WIDTH,
                Tag.RESCALE_INTERCEPT,
                Tag.RESCALE_SLOPE
            },
            new int[] {Tag.FRAME_VOI_LUT_SEQUENCE, Tag.PIXEL_VALUE_TRANSFORMATION_SEQUENCE});

    /**
     * An object, of which the pixels are not read yet.
     *
     * @param signed two's complement of so many bits stored, in 8 or 16 bits allocated
     * @param darker true if larger values are darker (MONOCHROME1, C.7.6.3.1.2)
     */
    private record Instance(
            MemorySegment part,
            int rows,
            int columns,
            int frames,
            int bitsAllocated,
            int bitsStored,
            boolean signed,
            boolean darker) {}

    /**
     * One picture.
     *
     * @param position of its first pixel, LPS+ mm
     * @param window null if it names none
     */
    private record Slice(
            Instance instance,
            int frame,
            double[] position,
            double slope,
            double intercept,
            IntensityVolume.@Nullable Window window) {}

    /**
     * What slices of one stack have in common.
     *
     * @param orientation unit vectors of a row and a column
     * @param thickness between slices where there is only one, 0 if unknown
     */
    private record Plane(
            int rows,
            int columns,
            List<Double> orientation,
            double rowSpacing,
            double columnSpacing,
            double thickness) {

        boolean isLike(Plane other) {
            boolean alike = rows == other.rows
                    && columns == other.columns
                    && Math.abs(rowSpacing - other.rowSpacing) <= 1e-3 * rowSpacing
                    && Math.abs(columnSpacing - other.columnSpacing) <= 1e-3 * columnSpacing;
            for (int i = 0; i < 6; i++) {
                alike &= Math.abs(orientation.get(i) - other.orientation.get(i)) <= 1e-3;
            }
            return alike;
        }
    }

    private final ReadOptions options;
    private final long mostBytes;
    private final Map<Plane, List<Slice>> stacks = new LinkedHashMap<>();
    private final Set<String> series = new HashSet<>();
    private final Set<String> instances = new HashSet<>();

    private ImageSeries(ReadOptions options, long mostBytes) {
        this.options = options;
        this.mostBytes = mostBytes;
    }

    /** @param mostBytes of memory that the voxels may take */
    static IntensityVolume read(List<MemorySegment> parts, ReadOptions options, long mostBytes) throws InputException {
        return new ImageSeries(options, mostBytes).read(parts);
    }

    private IntensityVolume read(List<MemorySegment> parts) throws InputException {
        int others = 0;
        for (MemorySegment part : parts) {
            options.cancel().check();
            others += DicomParser.recognises(part) && add(part) ? 0 : 1;
        }
        if (series.size() > 1) {
            throw new InputException(
                    InputProblem.AMBIGUOUS_DIMENSIONS,
                    "The files hold images of several series; send those of the one that is to be seen.",
                    series.size() + " series",
                    "one series");
        }
        if (stacks.isEmpty()) {
            throw new InputException(
                    InputProblem.UNSUPPORTED_SOP_CLASS,
                    "None of the DICOM objects is an image that can be seen behind masks.",
                    others + " objects without an image",
                    "the images of a CT, an MR or another series with a place in the patient");
        }
        Map.Entry<Plane, List<Slice>> largest = stacks.entrySet().stream()
                .max(Comparator.comparingInt(stack -> stack.getValue().size()))
                .orElseThrow();
        int all = stacks.values().stream().mapToInt(List::size).sum();
        if (2 * largest.getValue().size() <= all && stacks.size() > 1) {
            throw new InputException(
                    InputProblem.AMBIGUOUS_DIMENSIONS,
                    "The images of the series lie in several stacks of different directions or sizes; send one of"
                            + " them.",
                    stacks.size() + " stacks",
                    "one stack");
        }
        return volume(largest.getKey(), largest.getValue());
    }

    /** False if it is no image. */
    private boolean add(MemorySegment part) throws InputException {
        DicomFile file = DicomParser.parse(
                part, SELECTION, options.limits().nesting(), options.cancel(), Tag.PIXEL_DATA, (header, length) -> {});
        DicomDataset dataset = file.dataset();
        if (!dataset.contains(Tag.ROWS) || SegObject.isSegmentation(dataset.string(Tag.SOP_CLASS_UID))) {
            return false;
        }
        String type = Objects.requireNonNullElse(dataset.string(Tag.IMAGE_TYPE), "");
        if (type.contains("LOCALIZER")) {
            return false;
        }
        String uid = dataset.string(Tag.SOP_INSTANCE_UID);
        if (uid != null && !instances.add(uid)) {
            return true; // given twice
        }
        series.add(Objects.requireNonNullElse(dataset.string(Tag.SERIES_INSTANCE_UID), ""));
        Instance instance = instance(part, file);
        DicomDataset shared = dataset.item(Tag.SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
        List<DicomDataset> perFrame = dataset.items(Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
        if (instance.frames() != Math.max(1, perFrame.size())) {
            throw Refusal.geometry(
                    "An image has several frames, and does not say where each of them lies.",
                    instance.frames() + " frames, " + perFrame.size() + " functional groups",
                    "a functional group for each frame");
        }
        for (int frame = 0; frame < instance.frames(); frame++) {
            List<DicomDataset> groups = new ArrayList<>();
            if (!perFrame.isEmpty()) {
                groups.add(perFrame.get(frame));
            }
            if (shared != null) {
                groups.add(shared);
            }
            add(instance, frame, new Attributes(dataset, groups));
        }
        return true;
    }

    /** What is said of a frame: in its own functional groups, in the shared ones, or in the object. */
    private record Attributes(DicomDataset object, List<DicomDataset> groups) {

        double @Nullable [] decimals(int sequence, int tag, int count) throws InputException {
            for (DicomDataset group : groups) {
                DicomDataset item = group.item(sequence);
                double[] found = item == null ? null : item.decimals(tag, count);
                if (found != null) {
                    return found;
                }
            }
            return object.decimals(tag, count);
        }

        double one(int sequence, int tag, double otherwise) throws InputException {
            double[] found = decimals(sequence, tag, 1);
            return found == null ? otherwise : found[0];
        }

        /** The first of several; NaN if there is none that can be read. */
        double first(int sequence, int tag) {
            try {
                for (DicomDataset group : groups) {
                    DicomDataset item = group.item(sequence);
                    if (item != null && item.contains(tag)) {
                        return first(item.manyDecimals(tag));
                    }
                }
                return first(object.manyDecimals(tag));
            } catch (InputException e) {
                return Double.NaN; // a window is a proposal
            }
        }

        private static double first(double[] all) {
            return all.length == 0 ? Double.NaN : all[0];
        }
    }

    private Instance instance(MemorySegment part, DicomFile file) throws InputException {
        DicomDataset dataset = file.dataset();
        int rows = dataset.requiredShort(Tag.ROWS, "Rows");
        int columns = dataset.requiredShort(Tag.COLUMNS, "Columns");
        int frames = dataset.integer(Tag.NUMBER_OF_FRAMES).orElse(1);
        int samples = dataset.unsignedShort(Tag.SAMPLES_PER_PIXEL).orElse(1);
        String colours = dataset.string(Tag.PHOTOMETRIC_INTERPRETATION);
        int allocated = dataset.requiredShort(Tag.BITS_ALLOCATED, "Bits Allocated");
        int stored = dataset.unsignedShort(Tag.BITS_STORED).orElse(allocated);
        int high = dataset.unsignedShort(Tag.HIGH_BIT).orElse(stored - 1);
        if (rows < 1 || columns < 1 || frames < 1) {
            throw Refusal.malformed("The image has no pixels.", rows + " x " + columns + " x " + frames, "at least 1");
        }
        boolean darker = "MONOCHROME1".equals(colours);
        if (samples != 1 || colours != null && !darker && !colours.equals("MONOCHROME2")) {
            throw new InputException(
                    InputProblem.UNSUPPORTED_DATATYPE,
                    "An image behind the masks can be shown if it has one grey value for each pixel; this one has"
                            + " colours.",
                    samples + " samples, " + (colours != null && colours.matches("[A-Z0-9_ ]{1,16}") ? colours : "?"),
                    "1 sample, MONOCHROME1 or MONOCHROME2");
        }
        if (allocated != 8 && allocated != 16 || stored < 1 || stored > allocated || high != stored - 1) {
            throw new InputException(
                    InputProblem.UNSUPPORTED_DATATYPE,
                    "An image behind the masks can be shown if its pixels are integers of up to 16 bits.",
                    stored + " bits in " + allocated + ", the highest is bit " + high,
                    "up to 16 bits, the lowest of 8 or 16");
        }
        if (!Frames.canDecode(file.transferSyntax())) {
            throw Frames.cannotDecode(file.transferSyntax());
        }
        if ((long) rows * columns > mostBytes / 2 / frames) {
            throw tooLarge((long) rows * columns * frames);
        }
        return new Instance(
                part,
                rows,
                columns,
                frames,
                allocated,
                stored,
                dataset.unsignedShort(Tag.PIXEL_REPRESENTATION).orElse(0) == 1,
                darker);
    }

    private InputException tooLarge(long voxels) {
        return new InputException(
                InputProblem.TOO_LARGE,
                "The image has more voxels than this installation has memory to show.",
                voxels + " voxels",
                "at most " + Math.min(mostBytes / 2, Integer.MAX_VALUE - 8) + " voxels");
    }

    private void add(Instance instance, int frame, Attributes said) throws InputException {
        double[] position = said.decimals(Tag.PLANE_POSITION_SEQUENCE, Tag.IMAGE_POSITION_PATIENT, 3);
        double[] orientation = said.decimals(Tag.PLANE_ORIENTATION_SEQUENCE, Tag.IMAGE_ORIENTATION_PATIENT, 6);
        double[] spacing = said.decimals(Tag.PIXEL_MEASURES_SEQUENCE, Tag.PIXEL_SPACING, 2);
        if (position == null || orientation == null || spacing == null) {
            throw new InputException(
                    InputProblem.NO_PATIENT_GEOMETRY,
                    "An image does not say where it lies in the patient, so nobody knows where it belongs behind the"
                            + " masks.",
                    "no " + (position == null ? "position" : orientation == null ? "orientation" : "pixel spacing"),
                    "Image Position and Orientation (Patient), Pixel Spacing");
        }
        double row = Math.hypot(Math.hypot(orientation[0], orientation[1]), orientation[2]);
        double column = Math.hypot(Math.hypot(orientation[3], orientation[4]), orientation[5]);
        double across =
                orientation[0] * orientation[3] + orientation[1] * orientation[4] + orientation[2] * orientation[5];
        boolean usable = Math.abs(row - 1) <= UNIT_TOLERANCE
                && Math.abs(column - 1) <= UNIT_TOLERANCE
                && Math.abs(across) <= PERPENDICULAR_TOLERANCE;
        for (double one : position) {
            usable &= Math.abs(one) <= FARTHEST;
        }
        for (double one : spacing) {
            usable &= one >= SMALLEST_SPACING && one <= LARGEST_SPACING;
        }
        if (!usable) {
            throw Refusal.geometry(
                    "An image has a position, an orientation or a pixel spacing that cannot be one.",
                    Refusal.text(
                            "rows of length %.4f, columns of %.4f, %.4g x %.4g mm",
                            row, column, spacing[0], spacing[1]),
                    "perpendicular unit vectors and distances in mm");
        }
        List<Double> directions = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            directions.add(orientation[i] / (i < 3 ? row : column));
        }
        double slope = said.one(Tag.PIXEL_VALUE_TRANSFORMATION_SEQUENCE, Tag.RESCALE_SLOPE, 1);
        double intercept = said.one(Tag.PIXEL_VALUE_TRANSFORMATION_SEQUENCE, Tag.RESCALE_INTERCEPT, 0);
        if (!(Math.abs(slope) >= 1e-30 && Math.abs(slope) <= 1e30 && Math.abs(intercept) <= 1e30)) {
            throw Refusal.malformed(
                    "The Rescale Slope or Intercept of an image cannot be one.", slope + ", " + intercept, "a slope");
        }
        double between = said.one(Tag.PIXEL_MEASURES_SEQUENCE, Tag.SPACING_BETWEEN_SLICES, 0);
        double thickness = said.one(Tag.PIXEL_MEASURES_SEQUENCE, Tag.SLICE_THICKNESS, 0);
        double reach = between > 0 ? between : thickness;
        Plane plane = new Plane(
                instance.rows(),
                instance.columns(),
                directions,
                spacing[0],
                spacing[1],
                reach >= SMALLEST_SPACING && reach <= LARGEST_SPACING ? reach : 0);
        double level = said.first(Tag.FRAME_VOI_LUT_SEQUENCE, Tag.WINDOW_CENTER);
        double width = said.first(Tag.FRAME_VOI_LUT_SEQUENCE, Tag.WINDOW_WIDTH);
        Slice slice = new Slice(
                instance,
                frame,
                position,
                slope,
                intercept,
                Math.abs(level) <= 1e9 && width > 0 && width <= 1e9 ? new IntensityVolume.Window(level, width) : null);
        for (Map.Entry<Plane, List<Slice>> stack : stacks.entrySet()) {
            if (stack.getKey().isLike(plane)) {
                stack.getValue().add(slice);
                return;
            }
        }
        stacks.put(plane, new ArrayList<>(List.of(slice)));
    }

    private IntensityVolume volume(Plane plane, List<Slice> slices) throws InputException {
        double[] row = direction(plane, 0);
        double[] column = direction(plane, 3);
        double[] normal = {
            row[1] * column[2] - row[2] * column[1],
            row[2] * column[0] - row[0] * column[2],
            row[0] * column[1] - row[1] * column[0]
        };
        double[] along = slices.stream()
                .mapToDouble(slice -> dot(normal, slice.position()))
                .toArray();
        long pixels = (long) plane.rows() * plane.columns();
        long most = Math.min(mostBytes / 2, Integer.MAX_VALUE - 8) / pixels;
        if (slices.size() > most) {
            throw tooLarge(slices.size() * pixels);
        }
        SliceLattice lattice = lattice(plane, along, most);
        Slice[] byPlace = new Slice[lattice.count()];
        for (int i = 0; i < along.length; i++) {
            int place = lattice.indexOf(along[i]);
            if (byPlace[place] != null) {
                throw new InputException(
                        InputProblem.AMBIGUOUS_DIMENSIONS,
                        "Several images of the series lie in the same place (echoes, points in time, b-values); send"
                                + " those of one.",
                        "two images in slice " + (place + 1) + " of " + byPlace.length,
                        "one");
            }
            byPlace[place] = slices.get(i);
        }
        Grid grid = new Grid(
                plane.columns(), plane.rows(), byPlace.length, affine(plane, row, column, normal, byPlace, lattice));
        return new Voxels(grid, byPlace).read();
    }

    private static SliceLattice lattice(Plane plane, double[] along, long most) throws InputException {
        try {
            return SliceLattice.of(
                    along, Math.min(plane.rowSpacing(), plane.columnSpacing()), 0, plane.thickness(), most);
        } catch (InputException e) {
            if (e.problem() == InputProblem.INVALID_GEOMETRY && along.length > 1) {
                throw Refusal.geometry(
                        "The images of the series lie at uneven distances and make no volume; send a stack of even"
                                + " ones.",
                        Objects.requireNonNullElse(e.found(), ""),
                        Objects.requireNonNullElse(e.expected(), ""));
            }
            throw e;
        }
    }

    /** From the first slice to the last, whether they lie straight behind one another or not. */
    private static Affine affine(
            Plane plane, double[] row, double[] column, double[] normal, Slice[] byPlace, SliceLattice lattice)
            throws InputException {
        double[] first = byPlace[0].position();
        double[] last = byPlace[byPlace.length - 1].position();
        double[] step = new double[3];
        for (int i = 0; i < 3; i++) {
            step[i] = byPlace.length == 1 ? normal[i] * lattice.step() : (last[i] - first[i]) / (byPlace.length - 1);
        }
        for (int place = 0; place < byPlace.length; place++) {
            if (byPlace[place] == null) {
                continue;
            }
            double[] off = new double[3];
            for (int i = 0; i < 3; i++) {
                off[i] = byPlace[place].position()[i] - first[i] - place * step[i];
            }
            double pixels = Math.max(
                    Math.abs(dot(row, off)) / plane.columnSpacing(), Math.abs(dot(column, off)) / plane.rowSpacing());
            if (!(pixels <= MOST_OFF)) {
                throw Refusal.geometry(
                        "The images of the series are shifted against one another and make no volume.",
                        Refusal.text("a shift of %.3f pixels", pixels),
                        Refusal.text("at most %.1f pixels off a straight line", MOST_OFF));
            }
        }
        Affine affine = Affine.of(scaled(row, plane.columnSpacing()), scaled(column, plane.rowSpacing()), step, first);
        double size = Math.abs(affine.determinant());
        if (!(size > 0 && size < Double.POSITIVE_INFINITY)) {
            throw Refusal.geometry(
                    "The voxels of the series have no size.", Refusal.text("%.3g mm3", size), "a size above 0");
        }
        return affine;
    }

    private static double[] direction(Plane plane, int first) {
        double[] direction = new double[3];
        for (int i = 0; i < 3; i++) {
            direction[i] = plane.orientation().get(first + i);
        }
        return direction;
    }

    private static double dot(double[] a, double[] b) {
        return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    }

    private static double[] scaled(double[] v, double by) {
        return new double[] {v[0] * by, v[1] * by, v[2] * by};
    }

    /** The pixels of all slices. */
    private final class Voxels {
        private final Grid grid;
        private final Slice[] byPlace;
        private final int pixels;
        private final short[] stored;
        private final int[] least;
        private final int[] most;

        /** Whether larger values are meant to be seen darker. */
        private boolean darker;

        /** Unsigned numbers of 16 bits are kept less this. */
        private int offset;

        /** @param byPlace null where the series has no image */
        Voxels(Grid grid, Slice[] byPlace) {
            this.grid = grid;
            this.byPlace = byPlace;
            pixels = grid.nx() * grid.ny();
            stored = new short[pixels * grid.nz()];
            least = new int[byPlace.length];
            most = new int[byPlace.length];
        }

        IntensityVolume read() throws InputException {
            boolean anySigned = false;
            for (Slice slice : byPlace) {
                if (slice != null) {
                    anySigned |= slice.instance().signed();
                    darker |= slice.instance().darker();
                    offset = !slice.instance().signed() && slice.instance().bitsStored() == 16 ? 1 << 15 : offset;
                }
            }
            if (anySigned && offset != 0) {
                throw new InputException(
                        InputProblem.UNSUPPORTED_DATATYPE,
                        "The images of the series are of different kinds: some signed, some unsigned with 16 bits.",
                        "both",
                        "one kind");
            }
            if (darker
                    && Arrays.stream(byPlace)
                            .anyMatch(
                                    slice -> slice != null && !slice.instance().darker())) {
                throw new InputException(
                        InputProblem.UNSUPPORTED_DATATYPE,
                        "The images of the series are of different kinds: some show larger values brighter, some"
                                + " darker.",
                        "MONOCHROME1 and MONOCHROME2",
                        "one of them");
            }
            Map<Instance, List<Integer>> places = new LinkedHashMap<>();
            for (int place = 0; place < byPlace.length; place++) {
                if (byPlace[place] != null) {
                    places.computeIfAbsent(byPlace[place].instance(), unused -> new ArrayList<>())
                            .add(place);
                }
            }
            for (Map.Entry<Instance, List<Integer>> one : places.entrySet()) {
                options.cancel().check();
                read(one.getKey(), one.getValue());
            }
            Slice middle = byPlace[byPlace.length / 2] != null ? byPlace[byPlace.length / 2] : byPlace[0];
            boolean sameScale = Arrays.stream(byPlace)
                    .filter(Objects::nonNull)
                    .allMatch(slice -> slice.slope() == middle.slope() && slice.intercept() == middle.intercept());
            if (sameScale) {
                double intercept = middle.intercept() + middle.slope() * offset;
                fillAbsent((short) (middle.slope() > 0 != darker ? least() : most()));
                return new IntensityVolume(grid, stored, middle.slope(), intercept, middle.window(), darker);
            }
            return inOneScale(middle);
        }

        private int least() {
            int value = Integer.MAX_VALUE;
            for (int place = 0; place < byPlace.length; place++) {
                value = byPlace[place] == null ? value : Math.min(value, least[place]);
            }
            return value;
        }

        private int most() {
            int value = Integer.MIN_VALUE;
            for (int place = 0; place < byPlace.length; place++) {
                value = byPlace[place] == null ? value : Math.max(value, most[place]);
            }
            return value;
        }

        private void fillAbsent(short value) {
            for (int place = 0; place < byPlace.length; place++) {
                if (byPlace[place] == null) {
                    Arrays.fill(stored, place * pixels, (place + 1) * pixels, value);
                }
            }
        }

        /** Slices that are scaled each by itself, as those of a PET, in steps of the range of them all. */
        private IntensityVolume inOneScale(Slice middle) {
            double from = Double.POSITIVE_INFINITY;
            double to = Double.NEGATIVE_INFINITY;
            for (int place = 0; place < byPlace.length; place++) {
                if (byPlace[place] != null) {
                    double a = scaled(byPlace[place], least[place]);
                    double b = scaled(byPlace[place], most[place]);
                    from = Math.min(from, Math.min(a, b));
                    to = Math.max(to, Math.max(a, b));
                }
            }
            double step = to > from ? (to - from) / STEPS : 1;
            for (int place = 0; place < byPlace.length; place++) {
                if (byPlace[place] != null) {
                    for (int i = place * pixels; i < (place + 1) * pixels; i++) {
                        double steps = (scaled(byPlace[place], stored[i]) - from) / step;
                        stored[i] = (short) (Math.round(Math.clamp(steps, 0.0, STEPS)) + Short.MIN_VALUE);
                    }
                }
            }
            fillAbsent(darker ? Short.MAX_VALUE : Short.MIN_VALUE);
            return new IntensityVolume(grid, stored, step, from - step * Short.MIN_VALUE, middle.window(), darker);
        }

        private double scaled(Slice slice, int value) {
            return slice.intercept() + slice.slope() * (value + offset);
        }

        private void read(Instance instance, List<Integer> places) throws InputException {
            DicomFile file = DicomParser.parse(
                    instance.part(),
                    SELECTION,
                    options.limits().nesting(),
                    options.cancel(),
                    DicomParser.TO_THE_END,
                    (header, length) -> Frames.checkNativeLength(
                            length,
                            Frames.nativeLength(
                                    instance.rows(), instance.columns(), instance.bitsAllocated(), instance.frames())));
            try (Frames frames = Frames.of(
                    file,
                    instance.rows(),
                    instance.columns(),
                    instance.bitsAllocated(),
                    instance.frames(),
                    options.bulk())) {
                for (int place : places) {
                    options.cancel().check();
                    frames.select(byPlace[place].frame());
                    read(instance, frames, place);
                }
            }
        }

        private void read(Instance instance, Frames frames, int place) {
            long from = frames.startBit() >>> 3;
            int unused = Integer.SIZE - instance.bitsStored();
            int lowest = Integer.MAX_VALUE;
            int highest = Integer.MIN_VALUE;
            for (int i = 0; i < pixels; i++) {
                int bits = instance.bitsAllocated() == 16
                        ? frames.bytes().get(SHORT, from + 2L * i)
                        : frames.bytes().get(ValueLayout.JAVA_BYTE, from + i);
                int value = (instance.signed() ? bits << unused >> unused : bits << unused >>> unused) - offset;
                stored[place * pixels + i] = (short) value;
                lowest = Math.min(lowest, value);
                highest = Math.max(highest, value);
            }
            least[place] = lowest;
            most[place] = highest;
        }
    }
}
