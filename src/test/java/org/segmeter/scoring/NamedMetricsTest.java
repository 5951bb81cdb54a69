package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.segmeter.metric.MetricCatalogue;
import org.segmeter.metric.MetricDefinition;
import tools.jackson.databind.JsonNode;

/** The metrics, conventions and tools that Segmeter promises by name: where each stands in the catalogue and in which protocol. */
class NamedMetricsTest {

    private static final JsonNode CATALOGUE =
            JsonDocument.read(MetricCatalogueJson.write(Protocols.builtIn())).path("metrics");

    private static JsonNode entry(String name) {
        for (JsonNode metric : CATALOGUE) {
            if (metric.path("name").asString().equals(name)) {
                return metric;
            }
        }
        throw new AssertionError("the catalogue has no " + name);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
        Dice                                    | dice
        F-beta                                  | f_beta
        Jaccard                                 | jaccard
        precision                               | precision
        recall                                  | sensitivity
        specificity                             | specificity
        negative predictive value               | npv
        false positive rate                     | fpr
        false negative rate                     | fnr
        accuracy                                | accuracy
        balanced accuracy                       | balanced_accuracy
        informedness                            | informedness
        markedness                              | markedness
        Matthews correlation                    | mcc
        Cohen's kappa                           | kappa
        volumetric similarity                   | volumetric_similarity
        volume difference, signed               | volume_difference_ml
        volume difference, absolute             | absolute_volume_difference_ml
        volume difference, relative             | relative_volume_difference
        generalised Dice                        | generalized_dice
        normalised Dice                         | ndsc
        chance-corrected Dice                   | chance_corrected_dice
        Rand index                              | rand_index
        adjusted Rand index                     | adjusted_rand_index
        mutual information                      | mutual_information
        variation of information                | variation_of_information
        global consistency error                | global_consistency_error
        ICC                                     | icc
        Mahalanobis distance                    | mahalanobis
        centroid distance in mm                 | centroid_distance
        Hausdorff, maximum                      | hd
        Hausdorff, any percentile               | hd_percentile
        Hausdorff, directed                     | hd_prediction_to_reference hd_reference_to_prediction
        MASD                                    | masd
        ASSD                                    | assd
        directed mean                           | asd_prediction_to_reference asd_reference_to_prediction
        RMS                                     | rms_surface_distance
        median                                  | median_surface_distance
        NSD at any tolerance                    | nsd
        boundary IoU in mm                      | boundary_iou
        added path length                       | added_path_length
        edited-slice fraction                   | edited_slices_fraction
        largest spurious island                 | largest_spurious_ml
        largest missed component                | largest_missed_ml
        lesion-wise Dice, HD95, NSD             | lesion_wise_dice lesion_wise_hd95 lesion_wise_nsd
        detection F1, sensitivity, precision    | rq instances_recall instances_precision
        false positives                         | instances_fp
        PQ, SQ, RQ                              | pq sq rq
        FP and FN volume                        | false_positive_volume_ml false_negative_volume_ml
        recall by lesion size                   | instances_recall_by_size
        clDice                                  | cldice
        Euler characteristic                    | euler_characteristic_error
        Betti numbers                           | betti_0_error betti_1_error betti_2_error
        per-slice series                        | slice_series
        worst slice                             | worst_slice_dice worst_slice_index
        """)
    void isInTheCatalogueWithAllThatIsSaidOfAMetric(String title, String names) {
        for (String name : names.split(" ")) {
            JsonNode metric = entry(name);
            for (String member : List.of("title", "definition", "unit", "direction", "source")) {
                assertThat(metric.path(member).asString())
                        .as(title + " " + member)
                        .isNotBlank();
            }
            assertThat(metric.path("range").has("least")
                            && metric.path("range").has("most")
                            && metric.path("aliases").isArray()
                            && metric.path("parameters").isArray())
                    .as(title)
                    .isTrue();
            assertThat(metric.path("protocols")).as(title + " in a protocol").isNotEmpty();
        }
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource(delimiter = '|', textBlock = """
        hd               | surface       | area-weighted triangle-mesh voxel-faces boundary-6 boundary-18 boundary-26 region
        masd             | surface       | area-weighted triangle-mesh voxel-faces boundary-6 boundary-18 boundary-26
        nsd              | surface       | area-weighted triangle-mesh voxel-faces boundary-6 boundary-18 boundary-26
        instances_tp     | connectivity  | 6 18 26
        instances_tp     | matching      | bipartite greedy
        cldice           | dimensions    | 3d 2d
        generalized_dice | weight        | square simple uniform
        """)
    void canBeChosen(String metric, String parameter, String choices) {
        List<String> offered = MetricCatalogue.require(metric).choices().get(parameter);
        assertThat(offered).as(metric + " " + parameter).isNotNull().containsAll(Arrays.asList(choices.split(" ")));
    }

    @Test
    void everyToolAndChallengeThatIsNamedHasItsProtocol() {
        Set<String> ids = Protocols.builtIn().all().stream().map(Protocol::id).collect(Collectors.toSet());
        assertThat(ids)
                .contains(
                        "segmeter@1",
                        "monai@1",
                        "nnunet@1",
                        "deepmind@1",
                        "metrics-reloaded@1",
                        "meshmetrics@1",
                        "medpy@1",
                        "itk@1",
                        "plastimatch@1",
                        "panoptica@1",
                        "brats-2023-gli@1",
                        "brats-2023-met@1",
                        "kits23@1",
                        "autopet3@1",
                        "flare22@1",
                        "totalsegmentator@1",
                        "miseval@1");
    }

    @Test
    void theFieldsOtherNamesLeadToTheMetric() {
        Set<String> aliases = MetricCatalogue.definitions().stream()
                .map(MetricDefinition::aliases)
                .flatMap(List::stream)
                .map(alias -> alias.toLowerCase(java.util.Locale.ROOT))
                .collect(Collectors.toSet());
        assertThat(aliases).contains("f1", "dsc", "iou", "recall", "tpr", "ppv");
    }
}
