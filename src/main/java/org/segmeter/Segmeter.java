package org.segmeter;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class Segmeter {
    public static void main(String[] arguments) {
        SpringApplication.run(Segmeter.class, arguments);
    }
}
