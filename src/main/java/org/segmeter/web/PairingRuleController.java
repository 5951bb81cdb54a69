package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.segmeter.pacs.PairingRuleStore;
import org.segmeter.pacs.PairingRules;
import org.segmeter.pacs.Pairs;
import org.segmeter.volume.InputException;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** By which rules segmentations become predictions and references. */
@RestController
@RequestMapping("/api/v1/pairing-rules")
final class PairingRuleController {

    private static final int MOST_TRIED = 1000;

    private final PairingRuleStore store;
    private final Pairs pairs;
    private final JsonMapper json;

    PairingRuleController(PairingRuleStore store, Pairs pairs, JsonMapper json) {
        this.store = store;
        this.pairs = pairs;
        this.json = json;
    }

    @GetMapping
    ResponseEntity<byte[]> get() {
        return answer(store.current());
    }

    @PutMapping
    ResponseEntity<byte[]> put(HttpServletRequest http) throws IOException, InputException {
        PairingRules rules = store.check(JsonBody.read(http));
        store.replace(rules);
        return answer(rules);
    }

    @PostMapping("/dry-run")
    ResponseEntity<byte[]> dryRun(HttpServletRequest http) throws IOException, InputException {
        List<Pairs.Trial> trials = pairs.dryRun(store.check(JsonBody.read(http)), MOST_TRIED);
        ObjectNode answer = json.createObjectNode();
        answer.put("segmentations", trials.size());
        ArrayNode list = answer.putArray("decisions");
        for (Pairs.Trial trial : trials) {
            ObjectNode node = list.addObject();
            node.put("sopInstanceUid", trial.instance().sopInstanceUid());
            node.put("study", trial.instance().studyUid());
            node.put("role", trial.role() == null ? "NONE" : trial.role().name());
            if (trial.rule() != null) {
                node.put("rule", trial.rule());
            }
            ArrayNode counterparts = node.putArray("counterparts");
            trial.counterparts().forEach(counterparts::add);
        }
        return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON).body(json.writeValueAsBytes(answer));
    }

    private static ResponseEntity<byte[]> answer(PairingRules rules) {
        return ResponseEntity.ok()
                .contentType(MediaType.APPLICATION_JSON)
                .body(rules.document().getBytes(StandardCharsets.UTF_8));
    }
}
