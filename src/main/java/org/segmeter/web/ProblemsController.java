package org.segmeter.web;

import java.util.LinkedHashMap;
import java.util.Map;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.volume.InputProblem;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** Explains the problems that the service can answer with; their {@code type} leads here. */
@RestController
final class ProblemsController {

    private final JsonMapper json;

    ProblemsController(JsonMapper json) {
        this.json = json;
    }

    @GetMapping("/problems")
    ResponseEntity<byte[]> all() {
        Map<String, Object> all = new LinkedHashMap<>();
        for (InputProblem problem : InputProblem.values()) {
            all.put(problem.slug(), of(problem));
        }
        for (ServiceProblem problem : ServiceProblem.values()) {
            all.put(problem.slug(), of(problem));
        }
        return answer(Map.of("problems", all.values()));
    }

    @GetMapping("/problems/{slug}")
    ResponseEntity<byte[]> one(@PathVariable("slug") String slug) {
        for (InputProblem problem : InputProblem.values()) {
            if (problem.slug().equals(slug)) {
                return answer(of(problem));
            }
        }
        for (ServiceProblem problem : ServiceProblem.values()) {
            if (problem.slug().equals(slug)) {
                return answer(of(problem));
            }
        }
        throw new ProblemException(ServiceProblem.NOT_FOUND, "No problem has this name; /problems lists all.");
    }

    private ResponseEntity<byte[]> answer(Map<String, ?> body) {
        return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON).body(json.writeValueAsBytes(body));
    }

    private static Map<String, Object> of(ServiceProblem problem) {
        return document(problem.slug(), problem.title(), problem.status(), problem.advice());
    }

    private static Map<String, Object> of(InputProblem problem) {
        return document(problem.slug(), problem.title(), problem.status(), advice(problem));
    }

    private static Map<String, Object> document(String slug, String title, int status, String advice) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("type", "/problems/" + slug);
        document.put("title", title);
        document.put("status", status);
        document.put("advice", advice);
        return document;
    }

    /** What a person can do about a refused input. */
    private static String advice(InputProblem problem) {
        return switch (problem) {
            case UNRECOGNISED_FORMAT ->
                "Send NIfTI-1, NIfTI-2 (also gzip-compressed) or DICOM Part 10. The name of the file plays no part.";
            case UNSUPPORTED_FORMAT -> "Convert the file to NIfTI or to a DICOM Segmentation.";
            case UNSUPPORTED_SOP_CLASS ->
                "Send a Segmentation or Label Map Segmentation object, not the images or an RT Structure Set.";
            case UNSUPPORTED_TRANSFER_SYNTAX ->
                "Transcode the object to Explicit VR Little Endian, or use a build with more codecs.";
            case UNSUPPORTED_DATATYPE -> "Store the voxels as integers or real numbers; complex and RGB are no labels.";
            case TRUNCATED -> "The file was cut, most often by a broken transfer. Send it again from its source.";
            case TRAILING_DATA -> "Something was appended to the file. Write it again with the program that made it.";
            case CHECKSUM_MISMATCH -> "The compressed file is damaged. Compress it again from the original.";
            case MALFORMED_HEADER, MALFORMED_DATASET, MALFORMED_PIXEL_DATA, MALFORMED_ARCHIVE ->
                "The answer says which field contradicts which. Write the file again with a program that is up to date.";
            case NESTING_TOO_DEEP -> "No honest object nests that deeply; look where it comes from.";
            case SIZE_MISMATCH -> "Header and content disagree; write the file again.";
            case TOO_LARGE -> "Crop the volume, or have the limits of the installation raised.";
            case INVALID_GEOMETRY -> "Give the image an invertible affine with finite numbers and positive spacing.";
            case NO_PATIENT_GEOMETRY ->
                "Set qform or sform, or send request={\"geometry\":{\"pixelUnits\":true}} to score in pixel units.";
            case NOT_A_LABEL_MAP ->
                "The values are real numbers. Declare them: request={\"prediction\":{\"values\":\"probabilities\"}}.";
            case AMBIGUOUS_DIMENSIONS -> "Declare what the fourth dimension is, or send one volume per file.";
            case UNDECLARED_VALUE -> "Every value in a Label Map Segmentation needs an entry in its Segment Sequence.";
            case MISSING_PART -> "Both prediction and reference are needed, each with at least one file.";
            case GEOMETRY_MISMATCH ->
                "The numbers in the answer say how far the grids are apart. Resample one onto the other, or use a protocol"
                        + " that allows it.";
            case FRAME_OF_REFERENCE_MISMATCH ->
                "If you know that both lie in the same space: request={\"geometry\":{\"frameOfReference\":\"ignore\"}}.";
            case AMBIGUOUS_SEGMENTS ->
                "Say which belongs to which: request={\"segments\":[{\"prediction\":1,\"reference\":2}]}.";
            case UNKNOWN_SEGMENT -> "The answer lists the segments that there are.";
            case INVALID_REQUEST -> "The answer names the member of the request; /openapi.yaml describes all.";
        };
    }
}
