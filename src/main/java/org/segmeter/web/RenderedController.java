package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.pacs.Pair;
import org.segmeter.pacs.Pairs;
import org.segmeter.pacs.StoredInstances;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/**
 * WADO-RS {@code rendered} (PS3.18 section 10.4.1.1.3) of a segmentation or report: the pair's overlay, the worst slice unless another is
 * asked for. As PNG only: the four colours of an overlay are no photograph.
 */
@RestController
final class RenderedController {

    private final StoredInstances instances;
    private final Pairs pairs;
    private final SliceController slices;

    RenderedController(StoredInstances instances, Pairs pairs, SliceController slices) {
        this.instances = instances;
        this.pairs = pairs;
        this.slices = slices;
    }

    @GetMapping(DicomWebAnswers.ROOT + "/studies/{study}/series/{series}/instances/{instance}/rendered")
    ResponseEntity<byte[]> rendered(
            HttpServletRequest http,
            @PathVariable("study") String study,
            @PathVariable("series") String series,
            @PathVariable("instance") String instance)
            throws InterruptedException {
        requirePng(http);
        boolean stored = !instances
                .of(DicomWebAnswers.uid(study), DicomWebAnswers.uid(series), DicomWebAnswers.uid(instance))
                .isEmpty();
        if (!stored) {
            throw new ProblemException(ServiceProblem.NOT_FOUND, "No instance of this address is stored here.");
        }
        Pair pair = pairs.evaluatedWith(instance)
                .orElseThrow(() -> new ProblemException(
                        ServiceProblem.NOT_FOUND, "The instance is in no pair that was scored: there is no overlay."));
        return slices.overlay(Objects.requireNonNull(pair.evaluation()).toString(), http);
    }

    private static void requirePng(HttpServletRequest http) {
        List<String> accepted = Collections.list(http.getHeaders("Accept"));
        boolean fits = accepted.isEmpty()
                || accepted.stream()
                        .flatMap(header -> DicomWebAnswers.split(header).stream())
                        .map(MultipartRelated.MediaTypeField::parse)
                        .filter(type -> DicomWebAnswers.quality(type.parameter("q")) > 0)
                        .anyMatch(type -> type.is("image/png") || type.is("image/*") || type.is("*/*"));
        if (!fits) {
            throw new ProblemException(ServiceProblem.NOT_ACCEPTABLE, "Overlays are rendered as image/png.");
        }
    }
}
