package org.segmeter.metric.instance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.segmeter.metric.instance.InstanceMatching.Match;

/**
 * The matching of largest total among pairs of which there are few for each component: shortest augmenting paths with potentials
 * (Edmonds and Karp 1972), found by Dijkstra's algorithm. Each row has a column of its own beside its pairs, worth 0, that stands for
 * staying alone; memory follows the number of pairs.
 */
final class SparseAssignment {

    private record Reached(double distance, int column) {}

    private final Match[][] pairs;
    private final int[] references;
    /** Columns: the references, then one for each row. */
    private final int[] rowOf;

    private final int[] columnOf;
    private final double[] u;
    private final double[] v;
    private final double[] distance;
    private final int[] reachedFrom;
    private final boolean[] settled;

    private SparseAssignment(List<Match> cluster, int[] predictions, int[] references) {
        this.references = references;
        int rows = predictions.length;
        List<List<Match>> byRow = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            byRow.add(new ArrayList<>());
        }
        cluster.forEach(
                m -> byRow.get(Arrays.binarySearch(predictions, m.prediction())).add(m));
        pairs = byRow.stream()
                .map(row -> row.stream()
                        .sorted(Comparator.comparingInt(Match::reference))
                        .toArray(Match[]::new))
                .toArray(Match[][]::new);
        int columns = references.length + rows;
        rowOf = new int[columns];
        Arrays.fill(rowOf, -1);
        columnOf = new int[rows];
        u = new double[rows];
        v = new double[columns];
        distance = new double[columns];
        Arrays.fill(distance, Double.POSITIVE_INFINITY);
        reachedFrom = new int[columns];
        settled = new boolean[columns];
    }

    /** @param predictions and references of the cluster, ascending */
    static List<Match> of(List<Match> cluster, int[] predictions, int[] references) {
        SparseAssignment assignment = new SparseAssignment(cluster, predictions, references);
        for (int row = 0; row < predictions.length; row++) {
            for (Match pair : assignment.pairs[row]) {
                assignment.u[row] = Math.min(assignment.u[row], -pair.iou());
            }
        }
        for (int row = 0; row < predictions.length; row++) {
            assignment.assign(row);
        }
        List<Match> chosen = new ArrayList<>();
        for (int row = 0; row < predictions.length; row++) {
            for (Match pair : assignment.pairs[row]) {
                if (assignment.column(pair) == assignment.columnOf[row]) {
                    chosen.add(pair);
                }
            }
        }
        return chosen;
    }

    private int column(Match pair) {
        return Arrays.binarySearch(references, pair.reference());
    }

    /** Gives a row a column; rows that had one may get another for it. */
    private void assign(int first) {
        List<Integer> touched = new ArrayList<>();
        List<Integer> done = new ArrayList<>();
        PriorityQueue<Reached> queue = new PriorityQueue<>(
                Comparator.comparingDouble(Reached::distance).thenComparingInt(Reached::column));
        int row = first;
        double base = 0;
        int end = -1;
        while (end < 0) {
            for (Match pair : pairs[row]) {
                reach(row, column(pair), base - pair.iou() - u[row], queue, touched);
            }
            reach(row, references.length + row, base - u[row], queue, touched);
            Reached next = queue.remove();
            while (settled[next.column] || next.distance > distance[next.column]) {
                next = queue.remove();
            }
            settled[next.column] = true;
            done.add(next.column);
            base = next.distance;
            if (rowOf[next.column] < 0) {
                end = next.column;
            } else {
                row = rowOf[next.column];
            }
        }
        u[first] += base;
        for (int column : done) {
            if (column != end) {
                u[rowOf[column]] += base - distance[column];
            }
            v[column] -= base - distance[column];
        }
        int column = end;
        while (true) {
            int from = reachedFrom[column];
            int before = columnOf[from];
            rowOf[column] = from;
            columnOf[from] = column;
            if (from == first) {
                break;
            }
            column = before;
        }
        for (int t : touched) {
            distance[t] = Double.POSITIVE_INFINITY;
            settled[t] = false;
        }
    }

    private void reach(int row, int column, double withoutV, PriorityQueue<Reached> queue, List<Integer> touched) {
        double d = withoutV - v[column];
        if (!settled[column] && d < distance[column]) {
            if (distance[column] == Double.POSITIVE_INFINITY) {
                touched.add(column);
            }
            distance[column] = d;
            reachedFrom[column] = row;
            queue.add(new Reached(d, column));
        }
    }
}
