package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.format.dicom.DicomJson;
import org.segmeter.format.dicom.DicomXml;
import org.segmeter.security.Caller;
import org.segmeter.security.Role;
import org.springframework.web.servlet.support.ServletUriComponentsBuilder;

/** What the DICOMweb routes have in common. */
final class DicomWebAnswers {

    static final String ROOT = "/dicom-web";
    static final String JSON = "application/dicom+json";
    static final String XML = "application/dicom+xml";

    private DicomWebAnswers() {}

    /** The content type of several documents. */
    static String relatedXml(String boundary) {
        return "multipart/related; type=\"" + XML + "\"; boundary=" + boundary;
    }

    /** Like {@link #wantsXml}, but a client that accepts neither gets JSON: what it sent is not refused for that. */
    static boolean prefersXml(HttpServletRequest http) {
        try {
            return wantsXml(http);
        } catch (ProblemException e) {
            return false;
        }
    }

    /** True if the client wants XML rather than JSON: it accepts the one and not the other, or rates it higher. */
    static boolean wantsXml(HttpServletRequest http) {
        double xml = 0;
        double json = 0;
        boolean any = false;
        for (String header : Collections.list(http.getHeaders("Accept"))) {
            for (String one : split(header)) {
                any = true;
                MultipartRelated.MediaTypeField type = MultipartRelated.MediaTypeField.parse(one);
                double q = quality(type.parameter("q"));
                String inner = type.parameter("type");
                if (type.is(XML) || type.is("multipart/related") && inner != null && inner.equalsIgnoreCase(XML)) {
                    xml = Math.max(xml, q);
                } else if (type.is(JSON) || type.is("application/json") || type.is("*/*") || type.is("application/*")) {
                    json = Math.max(json, q);
                }
            }
        }
        if (any && xml == 0 && json == 0) {
            throw new ProblemException(
                    ServiceProblem.NOT_ACCEPTABLE, "The answer is application/dicom+json or application/dicom+xml.");
        }
        return xml > json;
    }

    /** The members of a list, of which quoted strings are no separators. */
    static java.util.List<String> split(String header) {
        java.util.List<String> members = new java.util.ArrayList<>();
        StringBuilder one = new StringBuilder();
        boolean quoted = false;
        for (char c : header.toCharArray()) {
            if (c == '"') {
                quoted = !quoted;
            }
            if (c == ',' && !quoted) {
                members.add(one.toString());
                one.setLength(0);
            } else {
                one.append(c);
            }
        }
        if (!one.toString().isBlank()) {
            members.add(one.toString());
        }
        return members;
    }

    static double quality(@org.jspecify.annotations.Nullable String q) {
        return q != null && q.matches("[01](\\.[0-9]{0,3})?") ? Double.parseDouble(q) : 1;
    }

    /** True if who sends it may see what names a person; the others see pseudonyms. */
    static boolean maySeeWhose(HttpServletRequest http) {
        Caller caller = Caller.of(http);
        return caller != null && caller.may(Role.REVIEW);
    }

    static byte[] document(DicomJson.Content content, boolean xml) {
        return (xml ? DicomXml.document(content) : DicomJson.object(content)).getBytes(StandardCharsets.UTF_8);
    }

    /** An absolute address of the service as the client sees it. */
    static String url(String path) {
        return ServletUriComponentsBuilder.fromCurrentContextPath()
                .path(ROOT + path)
                .build()
                .toUriString();
    }

    /** @throws ProblemException 400 if it is none */
    static String uid(String text) {
        if (text.length() > 64 || !text.matches("[0-9.]+")) {
            throw new ProblemException(
                    ServiceProblem.BAD_REQUEST, "A UID in the address has other characters than digits and dots.");
        }
        return text;
    }

    /** A comment fit for a header. */
    static String quoted(String text) {
        return "\"" + text.replaceAll("[^ -~]", "?").replace("\\", "/").replace("\"", "'") + "\"";
    }
}
