// Swagger UI over this service's own description. A file of its own: the policy allows no inline code.
const place = document.getElementById("swagger-ui");
SwaggerUIBundle({
  url: place.dataset.url,
  domNode: place,
  deepLinking: true,
  validatorUrl: null, // nothing is sent elsewhere
});
