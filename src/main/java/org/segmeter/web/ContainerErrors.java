package org.segmeter.web;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.boot.webmvc.error.ErrorController;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Errors that the servlet container found before or after a controller. */
@RestController
final class ContainerErrors implements ErrorController {

    private final ProblemAnswers answers;

    ContainerErrors(ProblemAnswers answers) {
        this.answers = answers;
    }

    @RequestMapping("/error")
    ResponseEntity<byte[]> error(HttpServletRequest request) {
        Object status = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE);
        int code = status instanceof Integer known && known >= 400 && known < 600 ? known : 404;
        return answers.answer(ProblemAnswers.ofStatus(HttpStatusCode.valueOf(code)), new HttpHeaders());
    }
}
