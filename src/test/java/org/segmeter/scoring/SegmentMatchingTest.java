package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.segmeter.volume.CodedConcept;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segment;
import org.segmeter.volume.SegmentConcept;

class SegmentMatchingTest {

    private static final CodedConcept ORGAN = new CodedConcept("113343008", "SCT", "Organ");
    private static final CodedConcept KIDNEY = new CodedConcept("64033007", "SCT", "Kidney");
    private static final CodedConcept LIVER = new CodedConcept("10200004", "SCT", "Liver");

    private static Segment coded(int number, String label, CodedConcept type, SegmentConcept.Laterality side) {
        return new Segment(
                number, label, new SegmentConcept(ORGAN, type, List.of(), null, List.of(), side), null, null, null);
    }

    private static Segment labelled(int number, String label) {
        return new Segment(number, label, null, null, null, null);
    }

    private static List<SegmentMatching.Pair> match(List<Segment> p, List<Segment> r, SegmentMapping... mapping)
            throws InputException {
        return SegmentMatching.match(p, r, List.of(mapping));
    }

    @Test
    void conceptsDecideBeforeLabelsAndNumbers() throws Exception {
        Segment left = coded(1, "A", KIDNEY, SegmentConcept.Laterality.LEFT);
        Segment right = coded(2, "B", KIDNEY, SegmentConcept.Laterality.RIGHT);
        Segment rightToo = coded(1, "B", KIDNEY, SegmentConcept.Laterality.RIGHT);
        Segment leftToo = coded(2, "A", KIDNEY, SegmentConcept.Laterality.LEFT);
        assertThat(match(List.of(left, right), List.of(rightToo, leftToo)))
                .containsExactly(
                        new SegmentMatching.Pair(right, rightToo, Scorecard.MatchRule.CONCEPT),
                        new SegmentMatching.Pair(left, leftToo, Scorecard.MatchRule.CONCEPT));
    }

    @Test
    void theTypeAloneDecidesNothing() throws Exception {
        Segment left = coded(1, "kidney", KIDNEY, SegmentConcept.Laterality.LEFT);
        Segment liver = coded(2, "liver", LIVER, SegmentConcept.Laterality.UNSPECIFIED);
        Segment right = coded(1, "kidney", KIDNEY, SegmentConcept.Laterality.RIGHT);
        Segment liverToo = coded(7, "hepar", LIVER, SegmentConcept.Laterality.UNSPECIFIED);
        assertThat(match(List.of(left, liver), List.of(right, liverToo)))
                .containsExactly(
                        new SegmentMatching.Pair(null, right, Scorecard.MatchRule.UNMATCHED),
                        new SegmentMatching.Pair(liver, liverToo, Scorecard.MatchRule.CONCEPT),
                        new SegmentMatching.Pair(left, null, Scorecard.MatchRule.UNMATCHED));
    }

    @Test
    void labelsAgreeWithoutCaseAndOuterSpace() throws Exception {
        Segment p = labelled(3, " Liver ");
        Segment other = labelled(1, "Spleen");
        Segment r = labelled(1, "liver");
        assertThat(match(List.of(other, p), List.of(r)))
                .containsExactly(
                        new SegmentMatching.Pair(p, r, Scorecard.MatchRule.LABEL),
                        new SegmentMatching.Pair(other, null, Scorecard.MatchRule.UNMATCHED));
    }

    @Test
    void aNumberOfALabelMapMeetsTheNumberOfASegmentNotItsLabel() throws Exception {
        // Segment 2 is called "1": that name means nothing to a label map.
        Segment misleading = labelled(2, "1");
        Segment first = labelled(1, "Liver");
        assertThat(match(List.of(misleading, first), List.of(Segment.ofLabelValue(1), Segment.ofLabelValue(2))))
                .extracting(SegmentMatching.Pair::prediction)
                .containsExactly(first, misleading);
    }

    @Test
    void theOnlyOneOnEachSideBelongTogether() throws Exception {
        assertThat(match(List.of(labelled(5, "Tumour")), List.of(Segment.ofLabelValue(1)))
                        .getFirst()
                        .rule())
                .isEqualTo(Scorecard.MatchRule.ONLY_ONE);
    }

    @Test
    void segmentsOfOneConceptAreToldApartByTheirLabels() throws Exception {
        Segment a = coded(1, "Nodule 1", LIVER, SegmentConcept.Laterality.UNSPECIFIED);
        Segment b = coded(2, "Nodule 2", LIVER, SegmentConcept.Laterality.UNSPECIFIED);
        Segment bToo = coded(1, "nodule 2", LIVER, SegmentConcept.Laterality.UNSPECIFIED);
        Segment aToo = coded(2, "nodule 1", LIVER, SegmentConcept.Laterality.UNSPECIFIED);
        assertThat(match(List.of(a, b), List.of(bToo, aToo)))
                .extracting(SegmentMatching.Pair::prediction)
                .containsExactly(b, a);
    }

    @Test
    void aTieIsRefusedAndShowsBothSides() {
        Segment a = coded(1, "x", LIVER, SegmentConcept.Laterality.UNSPECIFIED);
        Segment b = coded(2, "x", LIVER, SegmentConcept.Laterality.UNSPECIFIED);
        Segment r = coded(9, "y", LIVER, SegmentConcept.Laterality.UNSPECIFIED);
        assertThatThrownBy(() -> match(List.of(a, b), List.of(r))).isInstanceOfSatisfying(InputException.class, e -> {
            assertThat(e.problem()).isEqualTo(InputProblem.AMBIGUOUS_SEGMENTS);
            assertThat(e.found()).contains("1, 2").contains("9");
            assertThat(e.details())
                    .containsEntry("predictionNumbers", List.of(1, 2))
                    .containsEntry("referenceNumbers", List.of(9));
        });
    }

    @Test
    void anExplicitMappingIsTheOnlyRuleAndTheRestIsUnmatched() throws Exception {
        Segment one = labelled(1, "a");
        Segment two = labelled(2, "b");
        assertThat(match(
                        List.of(one, two),
                        List.of(one, two),
                        new SegmentMapping(new SegmentSelector.ByLabel("B"), new SegmentSelector.ByNumber(1))))
                .containsExactly(
                        new SegmentMatching.Pair(two, one, Scorecard.MatchRule.EXPLICIT),
                        new SegmentMatching.Pair(null, two, Scorecard.MatchRule.UNMATCHED),
                        new SegmentMatching.Pair(one, null, Scorecard.MatchRule.UNMATCHED));
    }

    @Test
    void aMappingOfWhatDoesNotExistIsRefusedNamingTheSide() {
        assertThatThrownBy(() -> match(
                        List.of(labelled(1, "a")),
                        List.of(labelled(1, "a")),
                        new SegmentMapping(new SegmentSelector.ByNumber(1), new SegmentSelector.ByNumber(4))))
                .isInstanceOfSatisfying(InputException.class, e -> {
                    assertThat(e.problem()).isEqualTo(InputProblem.UNKNOWN_SEGMENT);
                    assertThat(e.side()).isEqualTo("reference");
                });
    }
}
