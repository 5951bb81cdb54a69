package org.segmeter.metric.instance;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
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
        int[] labelOf = new int[to.count()];
        List<Integer> toOrder = labels(to);
        for (int i = 0; i < toOrder.size(); i++) {
            labelOf[toOrder.get(i)] = i + 1;
        }
        Overlaps overlaps = from.overlapsWith(to);
        List<Integer> order = labels(from);
        List<List<Integer>> touched = new ArrayList<>();
        order.forEach(component -> touched.add(overlaps.touching(component)));
        TreeMap<Integer, Integer> mapping = new TreeMap<>();
        taken(touched, labelOf).forEach((place, other) -> mapping.put(order.get(place), other));
        return mapping;
    }

    /**
     * Who takes whom. MedPy sorts the objects that have several counterparts left anew after each choice, by how many they are; its sort is
     * stable, so those with equally many stand in the order in which they came to have so few. That order is kept here in a
     * queue instead.
     *
     * @param touched for each object of one side, in the order of its labels, the objects of the other side that it touches
     * @param labelOf label of each object of the other side
     * @return place in the list to the other object that is taken
     */
    static Map<Integer, Integer> taken(List<List<Integer>> touched, int[] labelOf) {
        Map<Integer, Integer> mapping = new TreeMap<>();
        boolean[] used = new boolean[labelOf.length];
        List<List<Integer>> touchedBy = new ArrayList<>();
        for (int other = 0; other < labelOf.length; other++) {
            touchedBy.add(new ArrayList<>());
        }
        for (int place = 0; place < touched.size(); place++) {
            List<Integer> others = touched.get(place);
            if (others.size() == 1 && !used[others.getFirst()]) {
                used[others.getFirst()] = true;
                mapping.put(place, others.getFirst());
            }
        }
        TreeSet<Waiting> queue =
                new TreeSet<>(Comparator.comparingInt(Waiting::left).thenComparingLong(Waiting::turn));
        @Nullable Waiting[] waiting = new Waiting[touched.size()];
        long turn = 0;
        for (int place = 0; place < touched.size(); place++) {
            if (touched.get(place).size() > 1) {
                int left = 0;
                for (int other : touched.get(place)) {
                    left += used[other] ? 0 : 1;
                    touchedBy.get(other).add(place);
                }
                if (left > 0) {
                    Waiting it = new Waiting(place, left, turn++);
                    waiting[place] = it;
                    queue.add(it);
                }
            }
        }
        for (Waiting fewest = queue.pollFirst(); fewest != null; fewest = queue.pollFirst()) {
            waiting[fewest.place] = null;
            int chosen = chosen(touched.get(fewest.place), fewest.left, used, labelOf);
            mapping.put(fewest.place, chosen);
            used[chosen] = true;
            List<Waiting> moved = new ArrayList<>();
            for (int place : touchedBy.get(chosen)) {
                Waiting it = waiting[place];
                if (it != null) {
                    queue.remove(it);
                    moved.add(it);
                }
            }
            moved.sort(Comparator.comparingLong(Waiting::turn));
            for (Waiting it : moved) {
                Waiting next = it.left == 1 ? null : new Waiting(it.place, it.left - 1, turn++);
                waiting[it.place] = next;
                if (next != null) {
                    queue.add(next);
                }
            }
        }
        return mapping;
    }

    /** An object that has {@code left} counterparts left to choose from, since {@code turn}. */
    private record Waiting(int place, int left, long turn) {}

    /** Python's set of labels gives up the one in its lowest place first: the label modulo the size of its table. */
    private static int chosen(List<Integer> touched, int left, boolean[] used, int[] labelOf) {
        int places = 8;
        while (left * 5 >= (places - 1) * 3) {
            places *= 4;
        }
        int table = places;
        return touched.stream()
                .filter(other -> !used[other])
                .min(Comparator.<Integer>comparingInt(other -> labelOf[other] % table)
                        .thenComparingInt(other -> labelOf[other]))
                .orElseThrow();
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
