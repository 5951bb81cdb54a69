package org.segmeter.format.dicom;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.Inspection;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationFormat;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.ContourSet;
import org.segmeter.volume.Delineation;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.IntensityVolume;
import org.segmeter.volume.LabelMasks;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;
import org.segmeter.volume.Voxels;

/**
 * DICOM Segmentation (BINARY, FRACTIONAL) and Label Map Segmentation objects, one or several instances of one series.
 *
 * <p>Instances of one side are put on the union of their grids. Their segments keep their numbers if no number occurs twice;
 * else all are numbered anew from 1, in the order of Instance Number, SOP Instance UID and Segment Sequence, because a writer
 * of one object per structure numbers each of them 1. Objects of other SOP classes beside a segmentation are left out.
 */
public final class DicomSegmentationFormat implements SegmentationFormat {

    @Override
    public boolean recognises(MemorySegment content) {
        return DicomParser.recognises(content);
    }

    /** The contours of an RT Structure Set, if there is no segmentation among the parts; else as {@link #read}. */
    @Override
    public Delineation readDelineation(List<MemorySegment> parts, ReadOptions options) throws InputException {
        MemorySegment structureSet = structureSet(parts, options);
        if (structureSet == null) {
            return read(parts, options);
        }
        ContourSet contours = StructureSet.read(structureSet, options);
        if (parts.size() == 1) {
            return contours;
        }
        List<String> notices = new ArrayList<>(contours.source().notices());
        notices.add((parts.size() - 1) + " files that are no structure set were left out.");
        Segmentation.Source source = contours.source();
        return new ContourSet(
                contours.structures(),
                new Segmentation.Source(source.format(), source.frameOfReferenceUid(), true, notices));
    }

    /** The structure set among the parts; null if there is none, or a segmentation, which counts before it. */
    private static @Nullable MemorySegment structureSet(List<MemorySegment> parts, ReadOptions options)
            throws InputException {
        MemorySegment found = null;
        for (MemorySegment part : parts) {
            String sopClass = DicomParser.recognises(part) ? SegObject.sopClass(part, options) : null;
            if (SegObject.isSegmentation(sopClass)) {
                return null;
            }
            if (StructureSet.SOP_CLASS.equals(sopClass)) {
                if (found != null) {
                    throw new InputException(
                            InputProblem.AMBIGUOUS_SEGMENTS,
                            "The files hold several RT Structure Sets; send one.",
                            "more than one",
                            "one");
                }
                found = part;
            }
        }
        return found;
    }

    @Override
    public Inspection inspect(List<MemorySegment> parts, ReadOptions options) throws InputException {
        MemorySegment structureSet = structureSet(parts, options);
        if (structureSet != null) {
            return inspected(StructureSet.read(structureSet, options));
        }
        Sources sources = sources(parts, options, false);
        Placement placement = Placement.of(sources.objects, options.limits());
        long bytes = 0;
        int segments = 0;
        for (int p = 0; p < sources.objects.size(); p++) {
            SegObject object = sources.objects.get(p);
            bytes += new FramesBySegment(object, placement.frames().get(p)).decodedBytes();
            segments += object.segments().size();
        }
        return new Inspection(
                format(sources.objects.getFirst()), placement.grid().voxelCount(), bytes, segments);
    }

    private static Inspection inspected(ContourSet contours) {
        long bytes = 0;
        for (ContourSet.Structure structure : contours.structures()) {
            for (double[] points : structure.contours()) {
                bytes += 2L * Double.BYTES * points.length; // as they are, and in voxels of the other side's grid
            }
        }
        return new Inspection(
                contours.source().format(), 0, bytes, contours.structures().size());
    }

    @Override
    public Segmentation read(List<MemorySegment> parts, ReadOptions options) throws InputException {
        Sources sources = sources(parts, options, true);
        List<SegObject> objects = sources.objects;
        SegObject first = objects.getFirst();
        Placement placement = Placement.of(objects, options.limits());

        Set<String> notices = new LinkedHashSet<>(sources.notices);
        notices.addAll(placement.notices());
        for (SegObject object : objects) {
            notices.addAll(object.notices());
        }
        boolean renumber = numbersClash(objects);
        if (renumber) {
            notices.add(
                    "Several objects use the same segment numbers; the segments were numbered anew, object by object.");
        }
        List<SegmentVoxels> segments = new ArrayList<>();
        for (int p = 0; p < objects.size(); p++) {
            List<Voxels> voxels = voxels(objects.get(p), placement, p, options);
            for (int s = 0; s < voxels.size(); s++) {
                Segment segment = objects.get(p).segments().get(s);
                segments.add(
                        new SegmentVoxels(renumber ? numbered(segment, segments.size() + 1) : segment, voxels.get(s)));
            }
        }
        return new Segmentation(
                placement.grid(),
                switch (first.type()) {
                    case BINARY -> Encoding.BINARY;
                    case FRACTIONAL -> Encoding.PROBABILITY;
                    case LABELMAP -> objects.size() == 1 ? Encoding.LABELMAP : Encoding.BINARY;
                },
                segments,
                new Segmentation.Source(
                        format(first), first.frameOfReferenceUid(), placement.patientGeometry(), List.copyOf(notices)));
    }

    /** The images among the objects: see {@link ImageSeries}. */
    @Override
    public IntensityVolume readImage(List<MemorySegment> parts, ReadOptions options, long mostBytes)
            throws InputException {
        return ImageSeries.read(parts, options, mostBytes);
    }

    private static String format(SegObject object) {
        return object.type() == SegObject.Type.LABELMAP ? "dicom-labelmap" : "dicom-seg";
    }

    private static Segment numbered(Segment s, int number) {
        return new Segment(number, s.label(), s.concept(), s.algorithm(), s.trackingId(), s.trackingUid());
    }

    private static boolean numbersClash(List<SegObject> objects) {
        Set<Integer> numbers = new HashSet<>();
        for (SegObject object : objects) {
            for (Segment s : object.segments()) {
                if (!numbers.add(s.number())) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The segmentation objects among the parts, in the order in which their segments are listed. */
    private record Sources(List<SegObject> objects, List<String> notices) {}

    private static Sources sources(List<MemorySegment> parts, ReadOptions options, boolean withPixels)
            throws InputException {
        List<MemorySegment> segmentations = new ArrayList<>();
        List<String> notices = new ArrayList<>();
        if (parts.size() == 1) {
            segmentations = parts;
        } else {
            for (MemorySegment part : parts) {
                if (DicomParser.recognises(part) && SegObject.isSegmentation(part, options)) {
                    segmentations.add(part);
                }
            }
            if (segmentations.isEmpty()) {
                throw new InputException(
                        InputProblem.UNSUPPORTED_SOP_CLASS,
                        "None of the files is a DICOM Segmentation or Label Map Segmentation.",
                        parts.size() + " files",
                        "at least one segmentation object");
            }
            if (segmentations.size() < parts.size()) {
                notices.add((parts.size() - segmentations.size()) + " files that are no segmentation were left out.");
            }
        }
        List<SegObject> objects = new ArrayList<>();
        Map<String, MemorySegment> instances = new HashMap<>();
        for (MemorySegment part : segmentations) {
            SegObject object = SegObject.read(part, options, withPixels);
            String uid = object.sopInstanceUid();
            MemorySegment same = uid == null ? null : instances.putIfAbsent(uid, part);
            if (same == null) {
                objects.add(object);
            } else if (same.mismatch(part) >= 0) {
                throw Refusal.malformed(
                        "Two different objects have the same SOP Instance UID.",
                        "one UID twice",
                        "a UID for each object");
            } else {
                notices.add("An object that was given twice is counted once.");
            }
        }
        objects.sort(Comparator.comparingInt(SegObject::instanceNumber)
                .thenComparing(o -> Objects.requireNonNullElse(o.sopInstanceUid(), "")));
        checkBelongTogether(objects, options);
        return new Sources(objects, notices);
    }

    private static void checkBelongTogether(List<SegObject> objects, ReadOptions options) throws InputException {
        SegObject first = objects.getFirst();
        int segments = 0;
        for (SegObject object : objects) {
            if (object.type() != first.type()) {
                throw Refusal.malformed(
                        "The objects of one side have different segmentation types.",
                        first.type() + " and " + object.type(),
                        "one type");
            }
            if (!Objects.equals(object.frameOfReferenceUid(), first.frameOfReferenceUid())) {
                throw new InputException(
                        InputProblem.FRAME_OF_REFERENCE_MISMATCH,
                        "The objects of one side have different frames of reference.",
                        "two Frame of Reference UIDs",
                        "one");
            }
            if (!Objects.equals(object.seriesUid(), first.seriesUid())) {
                throw new InputException(
                        InputProblem.AMBIGUOUS_SEGMENTS,
                        "The files hold segmentations of different series; send those of one series.",
                        "two Series Instance UIDs",
                        "one");
            }
            segments += object.segments().size();
        }
        if (segments > options.limits().segments()) {
            throw Refusal.tooLarge(
                    "The objects declare more segments than this installation accepts.",
                    segments + "",
                    "at most " + options.limits().segments());
        }
    }

    private static List<Voxels> voxels(SegObject object, Placement placement, int part, ReadOptions options)
            throws InputException {
        Placement.Offsets offsets = placement.frames().get(part);
        FramesBySegment bySegment = new FramesBySegment(object, offsets);
        if (bySegment.decodedBytes() > options.limits().voxelBytes()) {
            throw Refusal.tooLarge(
                    "The segments are larger than this installation accepts.",
                    bySegment.decodedBytes() + " bytes",
                    "at most " + options.limits().voxelBytes() + " bytes");
        }
        bySegment.checkNoDuplicates();
        try (Frames frames = Frames.of(
                object.file(),
                object.rows(),
                object.columns(),
                object.bitsAllocated(),
                object.frames(),
                options.bulk())) {
            List<Voxels> voxels = new ArrayList<>();
            switch (object.type()) {
                case BINARY -> {
                    BinaryMasks masks = new BinaryMasks(object, frames, offsets, options.cancel());
                    for (int s = 0; s < object.segments().size(); s++) {
                        voxels.add(masks.read(bySegment.order, bySegment.start[s], bySegment.start[s + 1]));
                    }
                }
                case FRACTIONAL -> {
                    Fractions fractions = new Fractions(object, frames, offsets, options.cancel());
                    for (int s = 0; s < object.segments().size(); s++) {
                        voxels.add(fractions.read(bySegment.order, bySegment.start[s], bySegment.start[s + 1]));
                    }
                }
                case LABELMAP -> voxels.addAll(labels(object, frames, placement, offsets, options));
            }
            return voxels;
        }
    }

    private static List<Mask> labels(
            SegObject object, Frames frames, Placement placement, Placement.Offsets offsets, ReadOptions options)
            throws InputException {
        int nx = placement.grid().nx();
        int ny = placement.grid().ny();
        if (!LabelMasks.fits(nx, ny, placement.grid().nz())) {
            throw Refusal.tooLarge(
                    "The grid has more voxels than a label map can have.",
                    placement.grid().voxelCount() + " voxels",
                    "less");
        }
        LabelMasks masks = new LabelMasks(nx, ny, placement.grid().nz(), 1 << 16);
        boolean plain = object.backgroundValues().equals(Set.of(0));
        int bytesPerPixel = object.bitsAllocated() / 8;
        int columns = object.columns();
        int rowsAtOnce = columns == nx ? object.rows() : 1;
        byte[] pixels = new byte[Math.toIntExact((long) columns * rowsAtOnce * bytesPerPixel)];
        int[] values = new int[plain ? 0 : columns * rowsAtOnce];
        for (int f : inGridOrder(object, offsets)) {
            options.cancel().check();
            frames.select(f);
            long base = frames.startBit() >>> 3;
            for (int row = 0; row < object.rows(); row += rowsAtOnce) {
                MemorySegment.copy(
                        frames.bytes(),
                        ValueLayout.JAVA_BYTE,
                        base + (long) row * columns * bytesPerPixel,
                        pixels,
                        0,
                        pixels.length);
                long voxel = ((long) offsets.z()[f] * ny + offsets.y()[f] + row) * nx + offsets.x()[f];
                if (!plain) {
                    for (int i = 0; i < values.length; i++) {
                        int value = bytesPerPixel == 1
                                ? pixels[i] & 0xFF
                                : pixels[2 * i] & 0xFF | (pixels[2 * i + 1] & 0xFF) << 8;
                        values[i] = object.backgroundValues().contains(value) ? 0 : value + 1;
                    }
                    masks.addInts(voxel, values, 0, values.length);
                } else if (bytesPerPixel == 1) {
                    masks.addUint8(voxel, pixels, 0, pixels.length);
                } else {
                    masks.addUint16(voxel, pixels, 0, pixels.length / 2);
                }
            }
        }
        SortedMap<Integer, Mask> found = masks.masks();
        List<Mask> result = new ArrayList<>();
        for (Segment segment : object.segments()) {
            Mask mask = found.remove(plain ? segment.number() : segment.number() + 1);
            result.add(mask == null ? new BitMask(Box.EMPTY) : mask);
        }
        if (!found.isEmpty()) {
            throw new InputException(
                    InputProblem.UNDECLARED_VALUE,
                    "The label map holds values that no segment declares; they belong to nothing that could be scored.",
                    found.size() + " undeclared value(s), the first is " + (found.firstKey() - (plain ? 0 : 1)),
                    "the numbers of " + object.segments().size() + " segments or background");
        }
        return result;
    }

    private static int[] inGridOrder(SegObject object, Placement.Offsets offsets) {
        Integer[] order = new Integer[object.frames()];
        Arrays.setAll(order, i -> i);
        Arrays.sort(
                order,
                Comparator.<Integer>comparingInt(f -> offsets.z()[f])
                        .thenComparingInt(f -> offsets.y()[f])
                        .thenComparingInt(f -> offsets.x()[f]));
        return Arrays.stream(order).mapToInt(Integer::intValue).toArray();
    }

    /** The frames of each segment; a label map is one group. */
    private static final class FramesBySegment {

        private final SegObject object;
        private final Placement.Offsets offsets;

        /** Frame indexes, segment by segment. */
        final int[] order;

        /** Where the frames of segment i start in {@link #order}; one more entry for the end. */
        final int[] start;

        FramesBySegment(SegObject object, Placement.Offsets offsets) {
            this.object = object;
            this.offsets = offsets;
            boolean labels = object.type() == SegObject.Type.LABELMAP;
            int groups = labels ? 1 : object.segments().size();
            int n = object.frames();
            start = new int[groups + 1];
            for (int f = 0; f < n; f++) {
                start[group(f) + 1]++;
            }
            for (int g = 0; g < groups; g++) {
                start[g + 1] += start[g];
            }
            int[] next = start.clone();
            order = new int[n];
            for (int f = 0; f < n; f++) {
                order[next[group(f)]++] = f;
            }
        }

        private int group(int frame) {
            return object.type() == SegObject.Type.LABELMAP ? 0 : object.frameSegments()[frame];
        }

        /** An upper bound of the memory that the decoded voxels take, before cropping within a frame. */
        long decodedBytes() {
            long framePixels = (long) object.rows() * object.columns();
            if (object.type() == SegObject.Type.LABELMAP) {
                return framePixels * object.frames() * (object.bitsAllocated() / 8);
            }
            long bytes = 0;
            for (int g = 0; g + 1 < start.length; g++) {
                long frames = start[g + 1] - start[g];
                if (frames == 0) {
                    continue;
                }
                int[] x = span(offsets.x(), g);
                int[] y = span(offsets.y(), g);
                int[] z = span(offsets.z(), g);
                long nx = (long) x[1] - x[0] + object.columns();
                long ny = (long) y[1] - y[0] + object.rows();
                long nz = (long) z[1] - z[0] + 1;
                bytes += object.type() == SegObject.Type.FRACTIONAL
                        ? nx * ny * nz * Float.BYTES
                        : Math.min((nx + 126 >> 6) * 8 * ny * nz, framePixels * frames * 8);
            }
            return bytes;
        }

        private int[] span(int[] values, int g) {
            int low = Integer.MAX_VALUE;
            int high = Integer.MIN_VALUE;
            for (int i = start[g]; i < start[g + 1]; i++) {
                low = Math.min(low, values[order[i]]);
                high = Math.max(high, values[order[i]]);
            }
            return new int[] {low, high};
        }

        private record Place(int x, int y, int z) {}

        void checkNoDuplicates() throws InputException {
            Set<Place> places = new HashSet<>();
            for (int g = 0; g + 1 < start.length; g++) {
                places.clear();
                for (int i = start[g]; i < start[g + 1]; i++) {
                    int f = order[i];
                    if (!places.add(new Place(offsets.x()[f], offsets.y()[f], offsets.z()[f]))) {
                        throw Refusal.geometry(
                                "Two frames of one segment lie at the same position.",
                                "frame " + (f + 1) + " where another one is",
                                "each position once for each segment");
                    }
                }
            }
        }
    }
}
