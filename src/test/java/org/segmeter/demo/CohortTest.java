package org.segmeter.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Segmentation;

/** The demonstration has what there is to be seen, and is the same each time. */
class CohortTest {

    private static final Instant END = Instant.parse("2026-11-28T12:00:00Z");

    private final Cohort cohort = new Cohort(Cohort.SEED, END);

    @Test
    void hasThreeModelsOneInTwoVersionsAndReadersOverAYear() {
        int all = 0;
        Set<String> authors = new TreeSet<>();
        Set<String> sites = new TreeSet<>();
        Instant first = END;
        Instant last = Instant.EPOCH;
        for (int number = 0; number < Cohort.CASES; number += 5) {
            Cohort.Case one = cohort.make(number);
            assertThat(one.predictions()).hasSize(cohort.predictions(number));
            for (Cohort.Prediction prediction : one.predictions()) {
                var about = prediction.description();
                authors.add(about.modelName() + " " + about.modelVersion() + " "
                        + about.labels().get("reader"));
                sites.add(about.site() + " " + about.labels().get("scanner"));
                assertThat(about.labels()).containsEntry("demo", "true");
                first = prediction.datedAt().isBefore(first) ? prediction.datedAt() : first;
                last = prediction.datedAt().isAfter(last) ? prediction.datedAt() : last;
            }
        }
        for (int number = 0; number < Cohort.CASES; number++) {
            all += cohort.predictions(number);
        }
        assertThat(all).isEqualTo(1180);
        assertThat(authors)
                .containsExactly(
                        "atlas-net 1.0 null",
                        "atlas-net 2.0 null",
                        "null null reader-1",
                        "null null reader-2",
                        "null null reader-3",
                        "swift-seg 1.4 null",
                        "uni-former 3.1 null");
        assertThat(sites).hasSizeGreaterThanOrEqualTo(5);
        assertThat(last).isBeforeOrEqualTo(END);
        assertThat(Duration.between(first, last)).isBetween(Duration.ofDays(350), Duration.ofDays(366));
    }

    @Test
    void hasMissesHallucinationsAndStructuresThatAreNowhere() {
        int missed = 0;
        int invented = 0;
        int nowhere = 0;
        int agreed = 0;
        for (int number = 0; number < 60; number++) {
            Cohort.Case one = cohort.make(number);
            for (Cohort.Prediction prediction : one.predictions()) {
                for (int i = 0; i < 4; i++) {
                    boolean there = voxels(one.reference(), i) > 0;
                    boolean drawn = voxels(prediction.segmentation(), i) > 0;
                    missed += there && !drawn ? 1 : 0;
                    invented += !there && drawn ? 1 : 0;
                    nowhere += !there && !drawn ? 1 : 0;
                    agreed += there && drawn ? 1 : 0;
                }
            }
        }
        assertThat(List.of(missed, invented, nowhere)).allMatch(n -> n >= 2);
        assertThat(agreed).isGreaterThan(9 * (missed + invented + nowhere));
    }

    @Test
    void isTheSameEachTime() {
        Cohort.Case one = cohort.make(7);
        Cohort.Case again = new Cohort(Cohort.SEED, END).make(7);
        assertThat(again.reference().segments()).isEqualTo(one.reference().segments());
        assertThat(again.predictions()).isEqualTo(one.predictions());
        assertThat(new ArrayList<>(cohort.order())).isEqualTo(new Cohort(Cohort.SEED, END).order());
        assertThat(cohort.make(8).reference().segments())
                .isNotEqualTo(one.reference().segments());
    }

    private static long voxels(Segmentation segmentation, int index) {
        return segmentation.segments().get(index).voxels() instanceof Mask mask ? mask.count() : 0;
    }
}
