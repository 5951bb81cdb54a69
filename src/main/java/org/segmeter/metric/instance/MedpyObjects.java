package org.segmeter.metric.instance;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import org.segmeter.metric.Connectivity;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.distance.SurfaceDistances;
import org.segmeter.metric.distance.SurfaceModel;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.CancelSignal;

/**
 * The object rates of MedPy 0.5.2. Its correspondences are neither best nor symmetric: the objects of one side, in the order of their
 * first voxel (z fastest, then y, then x), take their only counterpart if it is still free; those with several then take one, those
 * with the fewest left first. Its {@code obj_tpr} is the share of predicted objects that are taken by a reference object, its {@code
 * obj_fpr} the share of reference objects that take none, whatever the names say.
 */
public final class MedpyObjects {

    private final Components prediction;
    private final Components reference;
    /** Reference object to the predicted object that it takes. */
    private final TreeMap<Integer, Integer> taken;

    private MedpyObjects(Components prediction, Components reference) {
        this.prediction = prediction;
        this.reference = reference;
        this.taken = correspondences(reference, prediction);
    }

    public static MedpyObjects of(Components prediction, Components reference) {
        return new MedpyObjects(prediction, reference);
    }

    /** {@code obj_tpr}; NaN without a predicted object. */
    public double truePositiveRate() {
        return taken.size() / (double) prediction.count();
    }

    /** {@code obj_fpr}; NaN without a reference object. */
    public double falsePositiveRate() {
        return (reference.count() - taken.size()) / (double) reference.count();
    }

    /**
     * {@code obj_assd}: the mean, over both directions, of the distances in mm from each object's boundary voxels to those of the object
     * that takes it; NaN without a pair.
     */
    public double averageSymmetricDistance(Spacing spacing, Connectivity connectivity, CancelSignal cancel) {
        SurfaceModel model = switch (connectivity) {
            case FACES -> SurfaceModel.BOUNDARY_6;
            case EDGES -> SurfaceModel.BOUNDARY_18;
            case CORNERS -> SurfaceModel.BOUNDARY_26;
        };
        double sum = 0;
        long points = 0;
        for (var pair : taken.entrySet()) {
            SurfaceDistances d = between(pair.getValue(), pair.getKey(), spacing, model, cancel);
            sum += d.predictionToReference().mean() * d.predictionToReference().count();
            points += d.predictionToReference().count();
        }
        for (var pair : correspondences(prediction, reference).entrySet()) {
            SurfaceDistances d = between(pair.getKey(), pair.getValue(), spacing, model, cancel);
            sum += d.referenceToPrediction().mean() * d.referenceToPrediction().count();
            points += d.referenceToPrediction().count();
        }
        return sum / points;
    }

    private SurfaceDistances between(int p, int r, Spacing spacing, SurfaceModel model, CancelSignal cancel) {
        return SurfaceDistances.between(prediction.mask(p), reference.mask(r), spacing, model, cancel);
    }

    /** Which component of the second each component of the first takes. */
    private static TreeMap<Integer, Integer> correspondences(Components from, Components to) {
        Overlaps overlaps = from.overlapsWith(to);
        List<Integer> order = labels(from);
        int[] labelOf = new int[to.count()];
        List<Integer> toOrder = labels(to);
        for (int i = 0; i < toOrder.size(); i++) {
            labelOf[toOrder.get(i)] = i + 1;
        }
        TreeMap<Integer, Integer> mapping = new TreeMap<>();
        TreeSet<Integer> used = new TreeSet<>();
        List<Candidates> several = new ArrayList<>();
        for (int component : order) {
            List<Integer> touched = overlaps.touching(component);
            if (touched.size() == 1) {
                if (used.add(touched.getFirst())) {
                    mapping.put(component, touched.getFirst());
                }
            } else if (touched.size() > 1) {
                several.add(new Candidates(component, touched));
            }
        }
        while (true) {
            several = new ArrayList<>(several.stream()
                    .map(c -> c.without(used))
                    .filter(c -> !c.left.isEmpty())
                    .sorted(Comparator.comparingInt(c -> c.left.size()))
                    .toList());
            if (several.isEmpty()) {
                return mapping;
            }
            Candidates fewest = several.removeFirst();
            // Python's set of labels gives up the one in its lowest place first: the label modulo the size of its
            // table.
            int places = 8;
            while (fewest.left.size() * 5 >= (places - 1) * 3) {
                places *= 4;
            }
            int table = places;
            int chosen = fewest.left.stream()
                    .min(Comparator.<Integer>comparingInt(c -> labelOf[c] % table)
                            .thenComparingInt(c -> labelOf[c]))
                    .orElseThrow();
            mapping.put(fewest.component, chosen);
            used.add(chosen);
        }
    }

    private record Candidates(int component, List<Integer> left) {
        Candidates without(TreeSet<Integer> used) {
            return new Candidates(
                    component, left.stream().filter(c -> !used.contains(c)).toList());
        }
    }

    /** The components in the order in which scipy labels them: by their first voxel with x slowest and z fastest. */
    private static List<Integer> labels(Components components) {
        record First(int component, int x, int y, int z) {}

        List<First> firsts = new ArrayList<>();
        for (int i = 0; i < components.count(); i++) {
            BitMask mask = components.mask(i);
            int x = components.box(i).x0();
            First first = null;
            for (int y = mask.y0(); y < mask.y1() && first == null; y++) {
                for (int z = mask.z0(); z < mask.z1() && first == null; z++) {
                    if (mask.contains(x, y, z)) {
                        first = new First(i, x, y, z);
                    }
                }
            }
            if (first == null) {
                throw new IllegalStateException("a component has a voxel at the lower end of its box");
            }
            firsts.add(first);
        }
        firsts.sort(Comparator.comparingInt(First::x).thenComparingInt(First::y).thenComparingInt(First::z));
        return firsts.stream().map(First::component).toList();
    }
}
