package org.segmeter.metric.instance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Which components of prediction and reference belong together.
 *
 * @param predictions number of predicted components
 * @param references number of reference components
 * @param matches by ascending prediction; each component occurs at most once
 */
public record InstanceMatching(int predictions, int references, List<Match> matches) {

    /**
     * @param intersection voxels in both
     * @param iou intersection over union, above 0 to 1
     */
    public record Match(int prediction, int reference, long intersection, double iou) {}

    /** Larger clusters are assigned by their pairs, not by a table of all that could be. */
    private static final int LARGEST_TABLE = 256;

    public InstanceMatching {
        matches = List.copyOf(matches);
    }

    /**
     * Pairs in descending order of intersection over union, each taken if both components are still free; of equal pairs the first
     * by prediction, then by reference. The matching of panoptica's NaiveThresholdMatching.
     */
    public static InstanceMatching greedy(Components prediction, Components reference, MatchRule rule) {
        List<Match> all = admitted(prediction, reference, rule);
        all.sort(Comparator.comparingDouble(Match::iou)
                .reversed()
                .thenComparingInt(Match::prediction)
                .thenComparingInt(Match::reference));
        boolean[] p = new boolean[prediction.count()];
        boolean[] r = new boolean[reference.count()];
        List<Match> matches = new ArrayList<>();
        for (Match m : all) {
            if (!p[m.prediction] && !r[m.reference]) {
                p[m.prediction] = true;
                r[m.reference] = true;
                matches.add(m);
            }
        }
        matches.sort(Comparator.comparingInt(Match::prediction));
        return new InstanceMatching(prediction.count(), reference.count(), matches);
    }

    /** The matching of largest total intersection over union among the pairs that the rule admits; exact. */
    public static InstanceMatching of(Components prediction, Components reference, MatchRule rule) {
        List<Match> admitted = admitted(prediction, reference, rule);
        int[] clusterOfReference = clusters(admitted, reference.count());
        int[] pairsOfCluster = new int[reference.count()];
        admitted.forEach(m -> pairsOfCluster[clusterOfReference[m.reference]]++);
        List<Match> matches = new ArrayList<>();
        // Of noise there are thousands of pairs, and hardly two compete.
        Map<Integer, List<Match>> contested = new HashMap<>();
        for (Match m : admitted) {
            int cluster = clusterOfReference[m.reference];
            if (pairsOfCluster[cluster] == 1) {
                matches.add(m);
            } else {
                contested.computeIfAbsent(cluster, key -> new ArrayList<>()).add(m);
            }
        }
        contested.values().forEach(cluster -> matches.addAll(assigned(cluster)));
        matches.sort(Comparator.comparingInt(Match::prediction));
        return new InstanceMatching(prediction.count(), reference.count(), matches);
    }

    /** By ascending prediction, then reference. */
    private static List<Match> admitted(Components prediction, Components reference, MatchRule rule) {
        List<Match> admitted = new ArrayList<>();
        prediction.overlapsWith(reference).forEach((p, r, both) -> {
            double iou = (double) both / (prediction.size(p) + reference.size(r) - both);
            if (rule.admits(iou)) {
                admitted.add(new Match(p, r, both, iou));
            }
        });
        return admitted;
    }

    /** For each reference which pairs compete with one another, directly or through others: the smallest reference among them. */
    private static int[] clusters(List<Match> admitted, int references) {
        int[] clusterOfReference = new int[references];
        Arrays.setAll(clusterOfReference, i -> i);
        for (int i = 1; i < admitted.size(); i++) {
            Match m = admitted.get(i);
            Match before = admitted.get(i - 1);
            if (m.prediction == before.prediction) {
                int a = root(clusterOfReference, before.reference);
                int b = root(clusterOfReference, m.reference);
                clusterOfReference[Math.max(a, b)] = Math.min(a, b);
            }
        }
        // A parent is smaller than its children.
        for (int r = 0; r < references; r++) {
            clusterOfReference[r] = clusterOfReference[clusterOfReference[r]];
        }
        return clusterOfReference;
    }

    private static int root(int[] parent, int i) {
        int at = i;
        while (parent[at] != at) {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        return at;
    }

    private static List<Match> assigned(List<Match> cluster) {
        if (cluster.size() == 1) {
            return cluster;
        }
        int[] ps =
                cluster.stream().mapToInt(Match::prediction).sorted().distinct().toArray();
        int[] rs =
                cluster.stream().mapToInt(Match::reference).sorted().distinct().toArray();
        int n = Math.max(ps.length, rs.length);
        if (n > LARGEST_TABLE) {
            return SparseAssignment.of(cluster, ps, rs);
        }
        Match[][] table = new Match[n][n];
        for (Match m : cluster) {
            table[Arrays.binarySearch(ps, m.prediction)][Arrays.binarySearch(rs, m.reference)] = m;
        }
        int[] column = cheapestAssignment(table);
        List<Match> chosen = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            if (table[i][column[i]] != null) {
                chosen.add(table[i][column[i]]);
            }
        }
        return chosen;
    }

    /** The column of each row in the assignment of largest total (Kuhn and Munkres, with potentials). */
    private static int[] cheapestAssignment(Match[][] table) {
        int n = table.length;
        double[] u = new double[n + 1];
        double[] v = new double[n + 1];
        int[] rowOf = new int[n + 1];
        for (int i = 1; i <= n; i++) {
            int[] way = new int[n + 1];
            double[] least = new double[n + 1];
            Arrays.fill(least, Double.POSITIVE_INFINITY);
            boolean[] used = new boolean[n + 1];
            rowOf[0] = i;
            int j0 = 0;
            do {
                used[j0] = true;
                int i0 = rowOf[j0];
                double delta = Double.POSITIVE_INFINITY;
                int j1 = 0;
                for (int j = 1; j <= n; j++) {
                    if (!used[j]) {
                        Match m = table[i0 - 1][j - 1];
                        double slack = (m == null ? 0 : -m.iou) - u[i0] - v[j];
                        if (slack < least[j]) {
                            least[j] = slack;
                            way[j] = j0;
                        }
                        if (least[j] < delta) {
                            delta = least[j];
                            j1 = j;
                        }
                    }
                }
                for (int j = 0; j <= n; j++) {
                    if (used[j]) {
                        u[rowOf[j]] += delta;
                        v[j] -= delta;
                    } else {
                        least[j] -= delta;
                    }
                }
                j0 = j1;
            } while (rowOf[j0] != 0);
            while (j0 != 0) {
                rowOf[j0] = rowOf[way[j0]];
                j0 = way[j0];
            }
        }
        int[] column = new int[n];
        for (int j = 1; j <= n; j++) {
            column[rowOf[j] - 1] = j - 1;
        }
        return column;
    }

    public int truePositives() {
        return matches.size();
    }

    /** Predicted components without a match. */
    public int falsePositives() {
        return predictions - matches.size();
    }

    /** Reference components without a match. */
    public int falseNegatives() {
        return references - matches.size();
    }

    /** Matched share of the predicted components; empty if there is none. */
    public OptionalDouble precision() {
        return ratio(matches.size(), predictions);
    }

    /** Matched share of the reference components, the lesion-wise sensitivity; empty if there is none. */
    public OptionalDouble recall() {
        return ratio(matches.size(), references);
    }

    /** Detection F1, which is also the recognition quality of panoptic quality; empty if neither side has a component. */
    public OptionalDouble recognitionQuality() {
        return ratio(2.0 * matches.size(), predictions + references);
    }

    /** Mean intersection over union of the matches; empty if there is none. */
    public OptionalDouble segmentationQuality() {
        return ratio(totalIou(), matches.size());
    }

    /** Panoptic quality (Kirillov et al., CVPR 2019): empty if neither side has a component. */
    public OptionalDouble panopticQuality() {
        return ratio(2 * totalIou(), predictions + references);
    }

    private double totalIou() {
        double sum = 0;
        for (Match m : matches) {
            sum += m.iou;
        }
        return sum;
    }

    private static OptionalDouble ratio(double numerator, double denominator) {
        return denominator == 0 ? OptionalDouble.empty() : OptionalDouble.of(numerator / denominator);
    }

    /** For each predicted component whether it is matched. */
    public boolean[] predictionsMatched() {
        boolean[] matched = new boolean[predictions];
        matches.forEach(m -> matched[m.prediction] = true);
        return matched;
    }

    /** For each reference component whether it is matched. */
    public boolean[] referencesMatched() {
        boolean[] matched = new boolean[references];
        matches.forEach(m -> matched[m.reference] = true);
        return matched;
    }
}
