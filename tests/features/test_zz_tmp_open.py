async def test_openapi(api):
    r=await api.get("/api/v1/openapi.json"); assert r.status_code==200, r.text[:500]
    p=r.json()["paths"]; print(len(p)); 
    for k in p: print(k, list(p[k]))
    import json; print(json.dumps(p["/api/v1/projects/{project}/runs/{run_id}/dag"]["get"]["responses"]["200"])[:600])
    print(json.dumps(p["/api/v1/projects/{project}/artifact-versions/{version_id}/table"]["get"]["responses"]["200"])[:300])
