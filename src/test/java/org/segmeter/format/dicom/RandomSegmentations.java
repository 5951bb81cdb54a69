package org.segmeter.format.dicom;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CodedConcept;
import org.segmeter.volume.Grid;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segment;
import org.segmeter.volume.SegmentConcept;
import org.segmeter.volume.SegmentConcept.Laterality;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;
import org.segmeter.volume.Voxels;

/** Segmentations made from a seed, and their files. */
final class RandomSegmentations {

    private RandomSegmentations() {}

    static Segmentation of(Random random, Encoding encoding) {
        int nx = 1 + random.nextInt(70);
        int ny = 1 + random.nextInt(20);
        int nz = 1 + random.nextInt(8);
        Grid grid = new Grid(nx, ny, nz, affine(random));
        int segments = 1 + random.nextInt(4);
        List<SegmentVoxels> list = new ArrayList<>();
        BitMask taken = new BitMask(grid.box());
        for (int s = 0; s < segments; s++) {
            int number = encoding == Encoding.LABELMAP ? 1 + s * (1 + random.nextInt(300)) : s + 1;
            while (contains(list, number)) {
                number++;
            }
            list.add(new SegmentVoxels(segment(random, number), voxels(random, encoding, grid, taken)));
        }
        return new Segmentation(
                grid, encoding, list, new Segmentation.Source("test", "1.2.826.0.1." + nx, true, List.of()));
    }

    private static boolean contains(List<SegmentVoxels> list, int number) {
        return list.stream().anyMatch(s -> s.segment().number() == number);
    }

    /** Right-handed, any orientation, any spacing. */
    static Affine affine(Random random) {
        double[] u = unit(random);
        double[] other = unit(random);
        double[] n = unit(cross(u, other));
        double[] v = cross(n, u);
        return Affine.of(
                scaled(u, 0.3 + 2 * random.nextDouble()),
                scaled(v, 0.3 + 2 * random.nextDouble()),
                scaled(n, 0.3 + 4 * random.nextDouble()),
                new double[] {200 * random.nextGaussian(), 200 * random.nextGaussian(), 200 * random.nextGaussian()});
    }

    private static double[] unit(Random random) {
        return unit(new double[] {random.nextGaussian(), random.nextGaussian(), random.nextGaussian()});
    }

    private static double[] unit(double[] v) {
        return scaled(v, 1 / Math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]));
    }

    private static double[] scaled(double[] v, double by) {
        return new double[] {v[0] * by, v[1] * by, v[2] * by};
    }

    private static double[] cross(double[] a, double[] b) {
        return new double[] {
            a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0],
        };
    }

    private static Segment segment(Random random, int number) {
        SegmentConcept concept = new SegmentConcept(
                new CodedConcept("123037004", "SCT", "Anatomical Structure"),
                new CodedConcept("64033007", "SCT", "Kidney"),
                List.of(),
                random.nextBoolean() ? new CodedConcept("113345001", "SCT", "Abdomen") : null,
                List.of(),
                Laterality.values()[random.nextInt(4)]);
        return new Segment(
                number,
                "Niere " + number + (random.nextBoolean() ? " é 腎" : ""),
                concept,
                random.nextBoolean()
                        ? new Segment.Algorithm(Segment.Algorithm.Type.AUTOMATIC, "net", "1." + number)
                        : new Segment.Algorithm(Segment.Algorithm.Type.MANUAL, null, null),
                "lesion " + number,
                "1.2.3." + number);
    }

    private static Voxels voxels(Random random, Encoding encoding, Grid grid, BitMask taken) {
        Box box = box(random, grid);
        double density = random.nextInt(4) == 0 ? 0 : random.nextDouble();
        if (encoding == Encoding.PROBABILITY) {
            float[] values = new float[(int) box.voxelCount()];
            for (int i = 0; i < values.length; i++) {
                values[i] = random.nextDouble() < density ? (float) (random.nextInt(256) / 255.0) : 0;
            }
            return new ProbabilityVolume(box, values);
        }
        BitMask mask = new BitMask(box);
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    boolean free = encoding == Encoding.BINARY || !taken.contains(x, y, z);
                    if (free && random.nextDouble() < density) {
                        mask.set(x, y, z);
                        taken.set(x, y, z);
                    }
                }
            }
        }
        return mask;
    }

    private static Box box(Random random, Grid grid) {
        int x = random.nextInt(grid.nx());
        int y = random.nextInt(grid.ny());
        int z = random.nextInt(grid.nz());
        return new Box(
                x,
                y,
                z,
                x + 1 + random.nextInt(grid.nx() - x),
                y + 1 + random.nextInt(grid.ny() - y),
                z + 1 + random.nextInt(grid.nz() - z));
    }

    static SegWriter.Identity identity(int instance) {
        return new SegWriter.Identity(
                "1.2.3.1",
                "1.2.3.2",
                "1.2.3.3." + instance,
                "1.2.3.4",
                300,
                instance,
                LocalDateTime.of(2026, 1, 2, 3, 4, 5));
    }

    static byte[] file(Segmentation segmentation, SegWriter.Options options) {
        return file(segmentation, identity(1), options);
    }

    static byte[] file(Segmentation segmentation, SegWriter.Identity identity, SegWriter.Options options) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            SegWriter.write(segmentation, identity, options, out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
