package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.segmeter.metric.fragility.BatchEffect;
import org.segmeter.metric.loss.RegionLoss;
import org.segmeter.metric.loss.SoftSums;
import org.segmeter.volume.Segment;

/**
 * What pooling does to the Dice loss of several cases, segment by segment.
 *
 * @param options by which the cases were measured
 * @param loss whose means are compared
 * @param cases in the order given
 * @param segments by their numbers, in the order in which the cases have them
 */
public record BatchReport(LaboratoryOptions options, RegionLoss loss, List<Case> cases, List<OfSegment> segments) {

    /**
     * What is kept of a case.
     *
     * @param prediction digests of the content
     * @param reference digests of the content
     * @param mask digests of the content; empty without one
     * @param sums of each segment
     */
    public record Case(
            List<String> prediction, List<String> reference, List<String> mask, Map<Segment, SoftSums> sums) {
        public Case {
            prediction = List.copyOf(prediction);
            reference = List.copyOf(reference);
            mask = List.copyOf(mask);
        }

        public static Case of(LaboratoryReport report) {
            Map<Segment, SoftSums> sums = new LinkedHashMap<>();
            report.segments().forEach(segment -> sums.put(segment.segment(), segment.sums()));
            return new Case(report.prediction(), report.reference(), report.mask(), sums);
        }
    }

    /**
     * A segment in the batch.
     *
     * @param segment as the first case that has it describes it
     * @param cases indices of the cases that have it, in the order of {@link BatchEffect#cases()}
     */
    public record OfSegment(Segment segment, List<Integer> cases, BatchEffect effect) {
        public OfSegment {
            cases = List.copyOf(cases);
        }
    }

    public BatchReport {
        cases = List.copyOf(cases);
        segments = List.copyOf(segments);
    }

    /**
     * Compares the mean of the cases' linear Dice losses with the loss of all their voxels together. Segments of two cases are the
     * same if their numbers are.
     */
    public static BatchReport of(List<Case> cases, LaboratoryOptions options) {
        RegionLoss loss = RegionLoss.Dice.linear(options.settings().smooth());
        Map<Integer, Segment> first = new LinkedHashMap<>();
        Map<Integer, List<Integer>> having = new LinkedHashMap<>();
        Map<Integer, List<SoftSums>> sums = new LinkedHashMap<>();
        for (int i = 0; i < cases.size(); i++) {
            for (Map.Entry<Segment, SoftSums> entry : cases.get(i).sums().entrySet()) {
                int number = entry.getKey().number();
                first.putIfAbsent(number, entry.getKey());
                having.computeIfAbsent(number, unused -> new ArrayList<>()).add(i);
                sums.computeIfAbsent(number, unused -> new ArrayList<>()).add(entry.getValue());
            }
        }
        List<OfSegment> segments = new ArrayList<>();
        first.forEach((number, segment) -> segments.add(new OfSegment(
                segment,
                having.getOrDefault(number, List.of()),
                BatchEffect.of(sums.getOrDefault(number, List.of()), loss))));
        return new BatchReport(options, loss, cases, segments);
    }
}
