package org.segmeter.web;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.segmeter.format.dicom.DatasetSink;
import tools.jackson.databind.JsonNode;

/** Data sets in the DICOM JSON Model (PS3.18 annex F), told to a sink that writes something else. */
final class DicomJsonModel {

    private DicomJsonModel() {}

    /** Tells all elements in their order. */
    static void tell(JsonNode dataset, DatasetSink sink) throws IOException {
        for (Map.Entry<String, JsonNode> one : dataset.properties()) {
            int tag = Integer.parseUnsignedInt(one.getKey(), 16);
            JsonNode element = one.getValue();
            String vr = element.path("vr").asString("UN");
            JsonNode values = element.path("Value");
            if (element.has("InlineBinary")) {
                sink.bytes(
                        tag,
                        vr,
                        Base64.getDecoder().decode(element.path("InlineBinary").stringValue()));
            } else if (vr.equals("SQ")) {
                sink.beginSequence(tag);
                for (JsonNode item : values) {
                    sink.beginItem();
                    tell(item, sink);
                    sink.endItem();
                }
                sink.endSequence();
            } else {
                List<String> texts = new ArrayList<>();
                values.forEach(value -> texts.add(vr.equals("PN") ? name(value) : value.asString("")));
                sink.text(tag, vr, texts);
            }
        }
    }

    /** As in a data set: up to three ways of writing it, joined by equals signs. */
    private static String name(JsonNode name) {
        List<String> groups = new ArrayList<>();
        for (String group : List.of("Alphabetic", "Ideographic", "Phonetic")) {
            groups.add(name.path(group).asString(""));
        }
        return String.join("=", groups).replaceAll("=+$", "");
    }
}
