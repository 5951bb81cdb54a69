package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.format.dicom.DicomJson;
import org.segmeter.format.dicom.DicomXml;
import org.segmeter.pacs.StoredInstance;
import org.segmeter.pacs.StoredInstances;
import org.springframework.http.HttpHeaders;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** WADO-RS: gives back what is stored, byte for byte, and its metadata (PS3.18 section 10.4). */
@RestController
@RequestMapping(DicomWebAnswers.ROOT + "/studies/{study}")
final class WadoController {

    private static final String DICOM = "application/dicom";
    private static final int PREAMBLE = 128;

    private final StoredInstances instances;

    WadoController(StoredInstances instances) {
        this.instances = instances;
    }

    @GetMapping("")
    void study(HttpServletRequest http, HttpServletResponse answer, @PathVariable("study") String study)
            throws IOException {
        retrieve(http, answer, study, null, null);
    }

    @GetMapping("/series/{series}")
    void series(
            HttpServletRequest http,
            HttpServletResponse answer,
            @PathVariable("study") String study,
            @PathVariable("series") String series)
            throws IOException {
        retrieve(http, answer, study, series, null);
    }

    @GetMapping("/series/{series}/instances/{instance}")
    void instance(
            HttpServletRequest http,
            HttpServletResponse answer,
            @PathVariable("study") String study,
            @PathVariable("series") String series,
            @PathVariable("instance") String instance)
            throws IOException {
        retrieve(http, answer, study, series, instance);
    }

    @GetMapping("/metadata")
    void metadataOfStudy(HttpServletRequest http, HttpServletResponse answer, @PathVariable("study") String study)
            throws IOException {
        metadata(http, answer, study, null, null);
    }

    @GetMapping("/series/{series}/metadata")
    void metadataOfSeries(
            HttpServletRequest http,
            HttpServletResponse answer,
            @PathVariable("study") String study,
            @PathVariable("series") String series)
            throws IOException {
        metadata(http, answer, study, series, null);
    }

    @GetMapping("/series/{series}/instances/{instance}/metadata")
    void metadataOfInstance(
            HttpServletRequest http,
            HttpServletResponse answer,
            @PathVariable("study") String study,
            @PathVariable("series") String series,
            @PathVariable("instance") String instance)
            throws IOException {
        metadata(http, answer, study, series, instance);
    }

    private List<StoredInstance> find(String study, @Nullable String series, @Nullable String instance) {
        List<StoredInstance> found = instances.of(
                DicomWebAnswers.uid(study),
                series == null ? null : DicomWebAnswers.uid(series),
                instance == null ? null : DicomWebAnswers.uid(instance));
        if (found.isEmpty()) {
            throw new ProblemException(ServiceProblem.NOT_FOUND, "No instance of this address is stored here.");
        }
        return found;
    }

    private void retrieve(
            HttpServletRequest http,
            HttpServletResponse answer,
            String study,
            @Nullable String series,
            @Nullable String instance)
            throws IOException {
        List<StoredInstance> found = find(study, series, instance);
        boolean single = accepted(http, found);
        answer.setHeader("Cache-Control", "private, no-cache");
        // No browser shows what somebody sent, whatever it may look like.
        answer.setHeader(
                HttpHeaders.CONTENT_DISPOSITION,
                single ? "attachment; filename=\"" + found.getFirst().sopInstanceUid() + ".dcm\"" : "attachment");
        if (single) {
            StoredInstance one = found.getFirst();
            answer.setContentType(DICOM);
            answer.setContentLengthLong(one.blob().size());
            AnswerCut.orWhole(answer, out -> {
                try (BlobStore.Content content = instances.open(one)) {
                    boolean preamble = hasPreamble(content.file());
                    if (!preamble) {
                        answer.setHeader("Repr-Digest", Digests.field(one.blob().sha256()));
                    }
                    give(content.file(), preamble, out);
                }
            });
            return;
        }
        String boundary = "segmeter-" + UUID.randomUUID();
        answer.setContentType("multipart/related; type=\"" + DICOM + "\"; boundary=" + boundary);
        AnswerCut.orWhole(answer, out -> {
            for (StoredInstance one : found) {
                out.write(("--" + boundary + "\r\nContent-Type: " + DICOM + "; transfer-syntax="
                                + one.transferSyntaxUid() + "\r\nContent-Length: "
                                + one.blob().size() + "\r\nContent-Location: "
                                + DicomWebAnswers.url(one.path()) + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
                try (BlobStore.Content content = instances.open(one)) {
                    give(content.file(), hasPreamble(content.file()), out);
                }
                out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
            }
            out.write(("--" + boundary + "--\r\n").getBytes(StandardCharsets.US_ASCII));
        });
    }

    /**
     * Gives a file out byte for byte, except for its preamble: that may be anything, also the head of a program (PS3.10 section 7.1 gives
     * it no meaning), and goes out as zeros.
     */
    private static void give(Path file, boolean preamble, OutputStream out) throws IOException {
        try (InputStream content = Files.newInputStream(file)) {
            if (preamble) {
                content.skipNBytes(PREAMBLE);
                out.write(new byte[PREAMBLE]);
            }
            content.transferTo(out);
        }
    }

    /** True if the first 128 bytes of a Part 10 file are not all zero. */
    private static boolean hasPreamble(Path file) throws IOException {
        try (InputStream content = Files.newInputStream(file)) {
            byte[] head = content.readNBytes(PREAMBLE + 4);
            if (head.length < PREAMBLE + 4
                    || !new String(head, PREAMBLE, 4, StandardCharsets.US_ASCII).equals("DICM")) {
                return false;
            }
            for (int i = 0; i < PREAMBLE; i++) {
                if (head[i] != 0) {
                    return true;
                }
            }
            return false;
        }
    }

    /**
     * True if one object is to be answered as it is, without a multipart around it.
     *
     * @throws ProblemException 406 if the client accepts neither; a transfer syntax that is asked for must be that of the object
     */
    private static boolean accepted(HttpServletRequest http, List<StoredInstance> found) {
        double multipart = 0;
        double single = 0;
        boolean any = false;
        for (String header : Collections.list(http.getHeaders("Accept"))) {
            for (String member : DicomWebAnswers.split(header)) {
                any = true;
                MultipartRelated.MediaTypeField type = MultipartRelated.MediaTypeField.parse(member);
                double q = DicomWebAnswers.quality(type.parameter("q"));
                String syntax = type.parameter("transfer-syntax");
                boolean fits = syntax == null
                        || syntax.equals("*")
                        || found.stream()
                                .allMatch(one -> one.transferSyntaxUid().equals(syntax));
                String inner = type.parameter("type");
                if (!fits) {
                    continue;
                }
                if (type.is("*/*")
                        || type.is("multipart/*")
                        || type.is("multipart/related") && (inner == null || inner.equalsIgnoreCase(DICOM))) {
                    multipart = Math.max(multipart, q);
                } else if ((type.is(DICOM) || type.is("application/*")) && found.size() == 1) {
                    single = Math.max(single, q);
                }
            }
        }
        if (any && multipart == 0 && single == 0) {
            throw new ProblemException(
                    ServiceProblem.NOT_ACCEPTABLE,
                    "Instances are given as multipart/related; type=\"application/dicom\", one also as"
                            + " application/dicom, in the transfer syntax in which they are stored.");
        }
        return single > multipart;
    }

    private void metadata(
            HttpServletRequest http,
            HttpServletResponse answer,
            String study,
            @Nullable String series,
            @Nullable String instance)
            throws IOException {
        boolean xml = DicomWebAnswers.wantsXml(http);
        List<StoredInstance> found = find(study, series, instance);
        answer.setHeader("Cache-Control", "private, no-cache");
        if (xml) {
            String boundary = "segmeter-" + UUID.randomUUID();
            answer.setContentType(DicomWebAnswers.relatedXml(boundary));
            AnswerCut.orWhole(answer, bytes -> {
                Writer out = writer(bytes);
                for (StoredInstance one : found) {
                    out.write("--" + boundary + "\r\nContent-Type: " + DicomWebAnswers.XML + "\r\n\r\n");
                    DicomXml document = new DicomXml(out);
                    document.begin();
                    instances.describe(one, document);
                    document.end();
                    out.write("\r\n");
                }
                out.write("--" + boundary + "--\r\n");
                out.flush();
            });
            return;
        }
        answer.setContentType(DicomWebAnswers.JSON);
        AnswerCut.orWhole(answer, bytes -> {
            Writer out = writer(bytes);
            out.write('[');
            boolean first = true;
            for (StoredInstance one : found) {
                out.write(first ? "" : ",");
                first = false;
                DicomJson object = new DicomJson(out);
                object.begin();
                instances.describe(one, object);
                object.end();
            }
            out.write(']');
            out.flush();
        });
    }

    private static Writer writer(OutputStream out) {
        return new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8), 1 << 16);
    }
}
